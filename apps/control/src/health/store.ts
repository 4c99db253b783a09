// The row a probe writes and reads: a nonce that no enrolment can have, because theirs hold no colon.
import type { Db, Tx } from '../db/database.ts';

const name = (id: string): string => `probe:${id}`;

export async function insertProbe(tx: Tx, id: string, now: number): Promise<void> {
  await tx
    .insertInto('nonces')
    .values({ nonce: name(id), seen_at: now })
    .execute();
}

export async function findProbe(db: Db, id: string): Promise<boolean> {
  const row = await db.selectFrom('nonces').select('nonce').where('nonce', '=', name(id)).executeTakeFirst();
  return row !== undefined;
}

export async function deleteProbe(db: Db, id: string): Promise<void> {
  await db.deleteFrom('nonces').where('nonce', '=', name(id)).execute();
}
