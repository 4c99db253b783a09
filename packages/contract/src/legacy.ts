// The wire of v0.4.0 agents, kept exactly; over-long text is cut rather than refused, so that an old agent is never
// locked out by a long field.
import * as z from 'zod';
import { HostName, ThemeColor } from './names.ts';

const cut = (max: number) => z.string().transform((s) => s.slice(0, max));
const optional = <T extends z.ZodType>(t: T) => t.nullish();

export const LegacyCommand = z.enum(['pull', 'switch', 'pull-switch', 'test', 'restart', 'update']);
export type LegacyCommand = z.infer<typeof LegacyCommand>;

export const LegacyRegister = z.object({
  hostname: HostName,
  host_type: z.enum(['nixos', 'macos', 'linux']),
  location: optional(cut(50)),
  device_type: optional(cut(50)),
  theme_color: optional(ThemeColor),
  criticality: optional(z.enum(['low', 'medium', 'high'])),
  icon: optional(cut(10)),
  current_generation: optional(cut(64)),
  comment: optional(cut(500)),
  test_status: optional(cut(100)),
  config_repo: optional(cut(200)),
  poll_interval: optional(z.coerce.number().int().min(1).max(3600)),
  agent_version: optional(cut(64)),
  nixpkgs_version: optional(cut(64)),
  os_version: optional(cut(50)),
  os_name: optional(cut(50)),
  metrics: optional(z.record(z.string(), z.unknown())),
});
export type LegacyRegister = z.infer<typeof LegacyRegister>;

export const LegacyRegistered = z.object({
  status: z.literal('registered'),
  host_id: z.string(),
  command: LegacyCommand.nullable(),
  agent_token: z.string().optional(),
});

export const LegacyPolled = z.object({ command: LegacyCommand.nullable(), agent_token: z.string().optional() });

export const LegacyStatus = z.object({
  status: z.enum(['ok', 'error', 'unknown']),
  current_generation: optional(cut(64)),
  output: optional(cut(10_000)),
  test_status: optional(cut(100)),
  comment: optional(cut(200)),
});
export type LegacyStatus = z.infer<typeof LegacyStatus>;

export const LegacyTestProgress = z.object({
  current: z.int().min(0),
  total: z.int().min(0),
  passed: z.int().min(0).default(0),
  running: z.boolean().default(true),
  result: optional(cut(200)),
  comment: optional(cut(500)),
});
export type LegacyTestProgress = z.infer<typeof LegacyTestProgress>;

export const LegacyUpdated = z.object({ status: z.literal('updated') });

/** `stop` cancels what runs; the others are queued. */
export const HostCommand = z.object({ command: z.enum([...LegacyCommand.options, 'plan', 'rollback', 'stop']) });
export const HostCommandQueued = z.object({
  status: z.enum(['queued', 'stopped']),
  command: z.string(),
  runId: z.string().nullable(),
});
