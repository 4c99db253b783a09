// SQL that takes away what is no longer kept. Each call takes away a bounded number of rows, so that nothing else waits.
import type { Db } from '../db/database.ts';

const BATCH = 200;

/** Ended runs with their journals, oldest first, but never a host's last one. Gives how many went. */
export async function deleteOldRuns(db: Db, before: number): Promise<number> {
  const old = db
    .selectFrom('runs')
    .select('id')
    .where('live', '=', 0)
    .where('finished_at', '<', before)
    .where((e) => e.not(e.exists(e.selectFrom('hosts').select('id').whereRef('hosts.last_run_id', '=', 'runs.id'))))
    .orderBy('finished_at')
    .limit(BATCH);
  const result = await db.deleteFrom('runs').where('id', 'in', old).executeTakeFirst();
  return Number(result.numDeletedRows);
}

/** The newest event stays, so that a reader that comes back can be told whether it missed anything. */
export async function deleteOldEvents(db: Db, before: number): Promise<void> {
  const newest = db.selectFrom('events').select((e) => e.fn.max('id').as('id'));
  await db.deleteFrom('events').where('at', '<', before).where('id', '<', newest).execute();
}

export async function deleteEndedSessions(db: Db, now: number): Promise<void> {
  await db.deleteFrom('sessions').where('expires_at', '<=', now).execute();
}

export async function deleteOldNonces(db: Db, before: number): Promise<void> {
  await db.deleteFrom('nonces').where('seen_at', '<', before).execute();
}
