// Facts: what an agent measured on its host, in sections that are replaced whole, each with its own time of observation.
// A section that is absent from a check-in is unchanged; a field that is null is known to have no value.
import * as z from 'zod';
import { Commit, Millis, StorePath } from './names.ts';
import { TestSummary } from './journal.ts';

const text = (max: number) => z.string().max(max);

export const Generation = z.object({
  number: z.int().min(0),
  storePath: StorePath,
  at: Millis,
  current: z.boolean(),
  /** The commit it was built from, where this agent deployed it. */
  commit: Commit.nullable(),
});
export type Generation = z.infer<typeof Generation>;

/** What the operating system is and which closures are booted, running and set as profile. */
export const SystemFact = z.object({
  osName: text(64),
  osVersion: text(128),
  kernel: text(128).nullable(),
  nixpkgs: text(128).nullable(),
  bootId: text(64).nullable(),
  running: StorePath.nullable(),
  booted: StorePath.nullable(),
  profile: StorePath.nullable(),
  generation: z.int().min(0).nullable(),
  /** The commit the running closure was built from, where the host knows. */
  commit: Commit.nullable(),
  rebootNeeded: z.boolean().nullable(),
  generations: z.array(Generation).max(200),
});
export type SystemFact = z.infer<typeof SystemFact>;

/** What the host's own mirror of the configuration holds, ready for `switch`. */
export const ConfigFact = z.object({ commit: Commit.nullable(), pulledAt: Millis.nullable() });

/** Percent of capacity, 0–100; `load` is the 1-minute load average. */
export const MetricsFact = z.object({
  cpu: z.number().min(0).max(100),
  ram: z.number().min(0).max(100),
  swap: z.number().min(0).max(100),
  load: z.number().min(0),
  source: z.enum(['stasysmo', 'native', 'legacy']),
});
export type MetricsFact = z.infer<typeof MetricsFact>;

export const AgentFact = z.object({
  version: text(64),
  /** The store path the running agent was started from, where it lies in the store. */
  storePath: StorePath.nullable(),
  startedAt: Millis,
  requireTests: z.boolean(),
  trustedSigners: z.boolean().describe('the host verifies commit signatures itself'),
  executor: z.enum(['systemd', 'launchd', 'detached']),
});

/** The last test run and the closure it tested: a result says nothing about any other closure. */
export const TestsFact = TestSummary.extend({ storePath: StorePath.nullable(), at: Millis });

export const sections = {
  system: SystemFact,
  config: ConfigFact,
  metrics: MetricsFact,
  agent: AgentFact,
  tests: TestsFact,
} as const;
export type Section = keyof typeof sections;

const observed = <T extends z.ZodType>(value: T) => z.object({ observedAt: Millis, value });

/** Facts as the control plane shows them: absent = never observed. */
export const Facts = z.object({
  system: observed(SystemFact).optional(),
  config: observed(ConfigFact).optional(),
  metrics: observed(MetricsFact).optional(),
  agent: observed(AgentFact).optional(),
  tests: observed(TestsFact).optional(),
});
export type Facts = z.infer<typeof Facts>;

/** The tests of the closure that runs; those of a closure that was taken back say nothing about it. */
export function testsOfRunning({ tests, system }: Facts): z.infer<typeof TestsFact> | undefined {
  const closure = tests?.value.storePath;
  return closure === null || closure === system?.value.running ? tests?.value : undefined;
}

const reported = <T extends z.ZodType>(value: T) =>
  z.object({
    ageMs: z.int().min(0).describe('how long ago it was observed, milliseconds, by a monotonic clock'),
    value,
  });

/** Facts as an agent reports them: only the sections that changed. */
export const ReportedFacts = z.object({
  system: reported(SystemFact).optional(),
  config: reported(ConfigFact).optional(),
  metrics: reported(MetricsFact).optional(),
  agent: reported(AgentFact).optional(),
  tests: reported(TestsFact).optional(),
});
export type ReportedFacts = z.infer<typeof ReportedFacts>;
