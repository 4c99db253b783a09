// Events: facts that happened, kept in an outbox and sent as server-sent events (WHATWG HTML §9.2) with ids, so that a
// reader that comes back with Last-Event-ID misses nothing that is still kept.
import * as z from 'zod';
import { HostId, Millis, RunId } from './names.ts';

/**
 * connected, host_update, test_progress and command_queued are v1's names and keep v1's bodies. The others are hints:
 * they name what changed, and the reader fetches it. metrics_changed comes at most once a second for the whole fleet. `reset` says that events before it are no longer kept.
 */
export const EventName = z.enum([
  'connected',
  'reset',
  'host_update',
  'test_progress',
  'command_queued',
  'host_changed',
  'host_removed',
  'metrics_changed',
  'run_changed',
  'target_changed',
  'access_changed',
]);
export type EventName = z.infer<typeof EventName>;

export const Event = z.object({
  id: z.int(),
  at: Millis,
  name: EventName,
  hostId: HostId.nullable(),
  runId: RunId.nullable(),
  body: z.record(z.string(), z.unknown()),
});
export type Event = z.infer<typeof Event>;
