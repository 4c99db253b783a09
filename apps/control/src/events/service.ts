// Events are recorded in the transaction that makes them true, and read by id: an outbox.
import type { EventName } from '@nixfleet/contract/events.ts';
import type { Context } from '../context.ts';
import type { Db, Tx } from '../db/database.ts';
import { getEventBounds, insertEvent } from './store.ts';

export type NewEvent = {
  name: EventName;
  hostId?: string;
  runId?: string;
  body?: Record<string, unknown>;
};

/** Call inside `transact`, which wakes the readers once the transaction is through. */
export async function record(ctx: Context, tx: Tx, event: NewEvent): Promise<void> {
  await insertEvent(tx, {
    at: ctx.now(),
    name: event.name,
    host_id: event.hostId ?? null,
    run_id: event.runId ?? null,
    body: JSON.stringify(event.body ?? {}),
  });
}

/** The id of the newest event recorded. */
export const newestEvent = async (db: Db): Promise<number> => (await getEventBounds(db)).newest;
