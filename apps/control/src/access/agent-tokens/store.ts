// SQL of the agents' tokens.
import type { Db, NewRow, Row, Tx } from '../../db/database.ts';

const MANY = 1_000_000;

export type TokenRow = Row<'agent_tokens'>;

/** A token that may be used now: not revoked, its host not retired. */
export async function findLiveToken(db: Db, hash: string): Promise<TokenRow | undefined> {
  return db
    .selectFrom('agent_tokens')
    .innerJoin('hosts', 'hosts.id', 'agent_tokens.host_id')
    .selectAll('agent_tokens')
    .where('agent_tokens.hash', '=', hash)
    .where('agent_tokens.revoked_at', 'is', null)
    .where('hosts.retired_at', 'is', null)
    .executeTakeFirst();
}

/** The oldest one offered to the bearer of `nextOf` and not used yet. */
export async function findOffer(db: Db, hostId: string, nextOf: string): Promise<TokenRow | undefined> {
  return db
    .selectFrom('agent_tokens')
    .selectAll()
    .where('host_id', '=', hostId)
    .where('next_of', '=', nextOf)
    .where('used_at', 'is', null)
    .where('revoked_at', 'is', null)
    .orderBy('created_at')
    .limit(1)
    .executeTakeFirst();
}

/** `created_at` follows the host's newest token even when the clock went back: the order decides what a use ends. */
export async function insertAgentToken(tx: Tx, row: NewRow<'agent_tokens'>): Promise<void> {
  const newest = await tx
    .selectFrom('agent_tokens')
    .select((e) => e.fn.max('created_at').as('at'))
    .where('host_id', '=', row.host_id)
    .executeTakeFirst();
  const after = newest?.at == null ? 0 : newest.at + 1;
  await tx
    .insertInto('agent_tokens')
    .values({ ...row, created_at: Math.max(row.created_at, after) })
    .execute();
}

export async function markTokenUsed(tx: Tx, token: TokenRow, now: number): Promise<void> {
  await tx.updateTable('agent_tokens').set({ used_at: now }).where('id', '=', token.id).execute();
  await tx
    .deleteFrom('agent_tokens')
    .where('host_id', '=', token.host_id)
    .where('created_at', '<', token.created_at)
    .execute();
}

/** Of the tokens that were given out and never used, only the newest `keep` stay. */
export async function trimUnused(tx: Tx, hostId: string, keep: number): Promise<void> {
  const unused = tx
    .selectFrom('agent_tokens')
    .select('id')
    .where('host_id', '=', hostId)
    .where('used_at', 'is', null)
    .where('next_of', 'is', null)
    .orderBy('created_at', 'desc');
  // SQLite knows OFFSET only after a LIMIT.
  await tx.deleteFrom('agent_tokens').where('id', 'in', unused.limit(MANY).offset(keep)).execute();
}

export async function markRotating(tx: Tx, hostId: string): Promise<void> {
  await tx.updateTable('agent_tokens').set({ rotating: 1 }).where('host_id', '=', hostId).execute();
}

export async function revokeTokens(tx: Tx, hostId: string, now: number): Promise<void> {
  await tx
    .updateTable('agent_tokens')
    .set({ revoked_at: now })
    .where('host_id', '=', hostId)
    .where('revoked_at', 'is', null)
    .execute();
}

export async function deleteTokens(tx: Tx, hostId: string): Promise<void> {
  await tx.deleteFrom('agent_tokens').where('host_id', '=', hostId).execute();
}

export type PathHost = { id: string; native: boolean; usedOwn: boolean };

/** The host that a v1 agent's path names by its id or its name, and whether it ever used a token of its own. */
export async function findPathHost(db: Db, ref: string): Promise<PathHost | undefined> {
  const row = await db
    .selectFrom('hosts')
    .select((e) => [
      'hosts.id',
      'hosts.public_key',
      e
        .selectFrom('agent_tokens')
        .select((t) => t.fn.countAll<number>().as('n'))
        .whereRef('agent_tokens.host_id', '=', 'hosts.id')
        .where('agent_tokens.used_at', 'is not', null)
        .as('used'),
    ])
    .where((e) => e.or([e('hosts.id', '=', ref), e('hosts.name', '=', ref)]))
    .where('hosts.retired_at', 'is', null)
    .executeTakeFirst();
  return row && { id: row.id, native: row.public_key !== null, usedOwn: (row.used ?? 0) > 0 };
}
