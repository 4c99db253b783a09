// The outbox table and its SQL.
import { Event } from '@nixfleet/contract/events.ts';
import type { Db, NewRow, Row, Tx } from '../db/database.ts';

export async function insertEvent(tx: Tx, row: NewRow<'events'>): Promise<void> {
  await tx.insertInto('events').values(row).execute();
}

export async function listEvents(db: Db, after: number, limit: number): Promise<Event[]> {
  const rows = await db.selectFrom('events').selectAll().where('id', '>', after).orderBy('id').limit(limit).execute();
  return rows.map(toEvent);
}

/** The ids of the oldest and newest event kept; 0 for none. */
export async function getEventBounds(db: Db): Promise<{ oldest: number; newest: number }> {
  const row = await db
    .selectFrom('events')
    .select((e) => [e.fn.min('id').as('oldest'), e.fn.max('id').as('newest')])
    .executeTakeFirst();
  return { oldest: row?.oldest ?? 0, newest: row?.newest ?? 0 };
}

const toEvent = (row: Row<'events'>): Event =>
  Event.parse({
    id: row.id,
    at: row.at,
    name: row.name,
    hostId: row.host_id,
    runId: row.run_id,
    body: JSON.parse(row.body),
  });
