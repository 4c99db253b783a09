// The small JSON documents of the state folder, each with its shape. A document that is absent or torn by an old crash
// counts as its empty value: the agent must start on any state folder it finds.
import * as z from 'zod';
import { Order } from '@nixfleet/contract/agent.ts';
import { TestSummary } from '@nixfleet/contract/journal.ts';
import { Commit, HostId, HostName, Millis, StorePath } from '@nixfleet/contract/names.ts';
import { readFileIfPresent, writeFileAtomic } from '@nixfleet/kit/atomic-file.ts';
import { AgentConfig } from '../config.ts';

/** `startTime` tells two processes with the same pid apart; see executor/process.ts. */
export const ProcessId = z.object({ pid: z.int().min(1), startTime: z.string(), bootId: z.string().nullable() });
export type ProcessId = z.infer<typeof ProcessId>;

export const AgentDocument = ProcessId.extend({ instance: z.string() });
export const HostDocument = z.object({ hostId: HostId, name: HostName });
export const PulledDocument = z.object({ commit: Commit, at: Millis });
export const TestsDocument = TestSummary.extend({ storePath: StorePath.nullable(), at: Millis });

export const DeployedDocument = z.object({
  last: z.object({ commit: Commit, storePath: StorePath, at: Millis }).nullable(),
  commits: z.record(StorePath, Commit),
});
export type DeployedDocument = z.infer<typeof DeployedDocument>;

export const QuarantineDocument = z.record(StorePath, z.object({ until: Millis, reason: z.string() }));

/** What an executor is told: the order, and the configuration it works by, so that it reads neither environment nor network. */
export const OrderDocument = z.object({ order: Order, config: AgentConfig });
export type OrderDocument = z.infer<typeof OrderDocument>;

/** The document, or undefined where there is none or it cannot be read as one. */
export function readDocument<S extends z.ZodType>(path: string, shape: S): z.output<S> | undefined {
  const text = readFileIfPresent(path);
  if (text === undefined) return undefined;
  try {
    return shape.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export function writeDocument<S extends z.ZodType>(path: string, shape: S, value: z.input<S>, mode = 0o600): void {
  writeFileAtomic(path, `${JSON.stringify(shape.parse(value), null, 2)}\n`, mode);
}
