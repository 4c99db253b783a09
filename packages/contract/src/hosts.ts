// Hosts: machines that run our agent, or a v1 agent ("legacy").
import * as z from 'zod';
import { Facts } from './facts.ts';
import { Attribute, Commit, HostId, HostName, Millis, TargetId, ThemeColor } from './names.ts';
import { next, PageQuery } from './paging.ts';
import { Run } from './runs.ts';
import { Platform, Verb } from './verbs.ts';

export const Location = z.enum(['cloud', 'home', 'work', 'office', 'mobile', 'other']);
export const DeviceType = z.enum(['server', 'desktop', 'laptop', 'gaming', 'vm', 'container', 'other']);
export const Criticality = z.enum(['low', 'medium', 'high']);

/** What people say of a host. The agent may suggest it; what an operator set wins until the operator clears it. */
export const Metadata = z.object({
  location: z.string().max(50),
  deviceType: z.string().max(50),
  criticality: Criticality,
  themeColor: ThemeColor,
  icon: z.string().max(10).nullable(),
  comment: z.string().max(500),
  lastAudit: z.string().max(30).nullable().describe('date of the last audit, as the operator wrote it'),
  lastFix: z.string().max(30).nullable().describe('date of the last fix, as the operator wrote it'),
});
export type Metadata = z.infer<typeof Metadata>;

/** An operator's edit; `null` gives a field back to the agent, or to its default. v1's snake_case names work too. */
export const PatchHost = z.strictObject({
  name: HostName.optional(),
  targetId: TargetId.optional(),
  location: Metadata.shape.location.nullable().optional(),
  deviceType: Metadata.shape.deviceType.nullable().optional(),
  criticality: Criticality.nullable().optional(),
  themeColor: ThemeColor.nullable().optional(),
  icon: z.string().max(10).nullable().optional(),
  comment: Metadata.shape.comment.nullable().optional(),
  lastAudit: z.string().max(30).nullable().optional(),
  lastFix: z.string().max(30).nullable().optional(),
});
export type PatchHost = z.infer<typeof PatchHost>;

/** online: heard within three intervals, or a live run holds a lease; never_seen: known, but no agent ever called. */
export const HostState = z.enum(['online', 'offline', 'never_seen']);
export type HostState = z.infer<typeof HostState>;

/** How the running system relates to the target's newest commit. `unknown` carries the reason. */
export const Convergence = z.object({
  status: z.enum(['current', 'outdated', 'unknown']),
  reason: z.string(),
  targetCommit: Commit.nullable(),
  runningCommit: Commit.nullable(),
});
export type Convergence = z.infer<typeof Convergence>;

/** Whether a verb may be asked for now, and if not, why and what to do. */
export const Permission = z.object({ verb: Verb, allowed: z.boolean(), reason: z.string().nullable() });
export type Permission = z.infer<typeof Permission>;

export const Host = Metadata.extend({
  id: HostId,
  name: HostName,
  platform: z.enum([...Platform.options, 'macos', 'linux']).describe('macos and linux: what a v1 agent said'),
  agentKind: z.enum(['native', 'legacy']),
  agentVersion: z.string().nullable(),
  protocol: z.int().nullable(),
  capabilities: z.array(Verb),
  attribute: Attribute.nullable(),
  targetId: TargetId.nullable(),
  state: HostState,
  convergence: Convergence,
  facts: Facts,
  permissions: z.array(Permission),
  intervalMs: z.int(),
  queued: z.int().describe('runs waiting for this host'),
  run: Run.nullable().describe('the run that is offered or running now'),
  lastRun: Run.nullable().describe('the run that ended last'),
  lastSeenAt: Millis.nullable(),
  enrolledAt: Millis.nullable(),
  createdAt: Millis,
});
export type Host = z.infer<typeof Host>;

export const HostQuery = PageQuery.extend({
  state: HostState.optional(),
  search: z.string().max(100).optional().describe('part of the name'),
});
export type HostQuery = z.infer<typeof HostQuery>;

/** Ordered by name. */
export const HostPage = z.object({ hosts: z.array(Host), next });
export type HostPage = z.infer<typeof HostPage>;

/** Makes a host known before its agent calls (v1: Add host). */
export const CreateHost = z.strictObject({
  hostname: HostName,
  platform: Platform.optional(),
  location: Metadata.shape.location.optional(),
  deviceType: Metadata.shape.deviceType.optional(),
  criticality: Criticality.optional(),
  themeColor: ThemeColor.optional(),
  comment: Metadata.shape.comment.optional(),
});
export type CreateHost = z.infer<typeof CreateHost>;

export const RotateToken = z.strictObject({
  revoke: z.boolean().default(false).describe('end the old token at once instead of when the new one is first used'),
});

/** The raw token is in no other answer and in no log; v1 names. */
export const RotatedToken = z.object({ status: z.literal('ok'), host_id: z.string(), agent_token: z.string() });
