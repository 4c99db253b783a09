// Reads the outbox once for all readers of this process, wakes those whom an event concerns, and looks every second for
// what other replicas wrote.
//
// INVARIANTS:
// - Events pass in the order of their ids, each once.
// - Who reads the feed after a wake of `feed` sees everything that was there at the wake.
import type { Event } from '@nixfleet/contract/events.ts';
import { pause } from '@nixfleet/kit/backoff.ts';
import type { Context } from '../context.ts';
import { getEventBounds, listEvents } from './store.ts';

const BATCH = 500;
/** Between replicas there is no wake-up; a single process on SQLite needs it only as a safety net. */
const LOOK_MS = { postgres: 1000, sqlite: 30_000 } as const;

export type Pump = { stop(): Promise<void> };

export async function startPump(ctx: Context): Promise<Pump> {
  const stopping = new AbortController();
  ctx.feed.start((await getEventBounds(ctx.db)).newest);
  const pump = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const version = ctx.bus.version('events');
      try {
        const events = await listEvents(ctx.db, ctx.feed.newest, BATCH);
        for (const event of events) concern(ctx, event);
        ctx.feed.take(events);
        if (events.length > 0) ctx.bus.wake('feed');
        if (events.length < BATCH) await ctx.bus.wait('events', version, LOOK_MS[ctx.engine], stopping.signal);
      } catch (err) {
        ctx.log.warn({ err }, 'could not read the outbox');
        await pause(1000, stopping.signal);
      }
      // A closed bus does not wait: the loop would spin until it is stopped.
      if (ctx.bus.closed) return;
    }
  };
  const pumping = pump();
  return {
    async stop() {
      stopping.abort();
      await pumping;
    },
  };
}

function concern(ctx: Context, { name, hostId, runId }: Event): void {
  if (runId !== null) ctx.bus.wake(`run:${runId}`);
  if (hostId === null) return;
  switch (name) {
    case 'access_changed':
    case 'host_removed':
      ctx.tokens.forgetHost(hostId);
      ctx.bus.wake(`host:${hostId}`);
      return;
    case 'run_changed':
    case 'command_queued':
      ctx.bus.wake(`host:${hostId}`);
      return;
    case 'connected':
    case 'reset':
    case 'host_update':
    case 'host_changed':
    case 'metrics_changed':
    case 'test_progress':
    case 'target_changed':
      // Nothing that an agent waits for.
      return;
    default:
      throw new Error(`unknown event ${JSON.stringify(name satisfies never)}`);
  }
}
