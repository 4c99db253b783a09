// Nonces of enrolments, each good for once.
import type { Tx } from '../db/database.ts';

/** Whether the nonce was new. */
export async function takeNonce(tx: Tx, nonce: string, at: number): Promise<boolean> {
  const made = await tx
    .insertInto('nonces')
    .values({ nonce, seen_at: at })
    .onConflict((c) => c.doNothing())
    .returning('nonce')
    .executeTakeFirst();
  return made !== undefined;
}
