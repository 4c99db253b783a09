// The tokens of hosts: minted, verified, rotated, ended.
//
// INVARIANTS:
// - Using a token ends those made before it, and never one made after it.
// - Until a newer token is used, the old one works: an agent that lost an answer asks again with what it has.
// - A revoked token never works again, and its host is never again taken for one that has no token of its own.
// - Unused tokens of one host are bounded. Even a token shown long ago may be the one an operator has just installed.
import type { Context } from '../../context.ts';
import { transact } from '../../context.ts';
import type { Tx } from '../../db/database.ts';
import { record } from '../../events/service.ts';
import {
  deleteTokens,
  findLiveToken,
  findOffer,
  insertAgentToken,
  markRotating,
  markTokenUsed,
  revokeTokens,
  trimUnused,
  type TokenRow,
} from './store.ts';
import { offeredToken, tokenHash } from '../crypto.ts';
import type { CallerOf } from '../request.ts';
import type { KnownToken } from './cache.ts';

const MAX_TOKEN = 200;
const MAX_UNUSED = 50;

/** The token's host, or undefined for anything that is not a valid token now. No query for one already known. */
export async function verifyAgentToken(ctx: Context, bearer: string): Promise<KnownToken | undefined> {
  if (bearer === '' || bearer.length > MAX_TOKEN) return undefined;
  const hash = tokenHash(ctx.secrets.tokens, bearer);
  const known = ctx.tokens.find(hash);
  if (known) return known;
  const { epoch } = ctx.tokens;
  const row = await findLiveToken(ctx.db, hash);
  if (!row) return undefined;
  if (row.used_at === null) return firstUse(ctx, row);
  const token = toKnown(row);
  ctx.tokens.keep(token, epoch);
  return token;
}

/** Not kept in the cache: whatever happens to the host meanwhile is seen by the next use, which reads it again. */
async function firstUse(ctx: Context, row: TokenRow): Promise<KnownToken | undefined> {
  const now = ctx.now();
  const used = await transact(ctx, async (tx) => {
    const still = await findLiveToken(tx, row.hash);
    if (!still) return undefined;
    await markTokenUsed(tx, still, now);
    await record(ctx, tx, { name: 'access_changed', hostId: still.host_id });
    return still;
  });
  ctx.tokens.forgetHost(row.host_id);
  return used && toKnown(used);
}

const toKnown = (row: TokenRow): KnownToken => ({
  hostId: row.host_id,
  hash: row.hash,
  rotating: row.rotating === 1,
});

/** Call inside `transact`. The raw token is kept nowhere. */
export async function mintAgentToken(
  ctx: Context,
  tx: Tx,
  hostId: string,
  origin: 'enrol' | 'operator',
): Promise<string> {
  const raw = `nfa_${ctx.randomBytes(32).toString('base64url')}`;
  await insertAgentToken(tx, newRow(ctx, { id: ctx.newId('token'), hostId, raw, origin, nextOf: null }));
  await trimUnused(tx, hostId, MAX_UNUSED);
  return raw;
}

const newRow = (
  ctx: Context,
  t: { id: string; hostId: string; raw: string; origin: string; nextOf: string | null },
): TokenRow => ({
  id: t.id,
  host_id: t.hostId,
  hash: tokenHash(ctx.secrets.tokens, t.raw),
  created_at: ctx.now(),
  used_at: null,
  origin: t.origin,
  next_of: t.nextOf,
  rotating: 0,
  revoked_at: null,
});

/** A new token for the operator to see once. The agent gets one of its own at its next check-in (`pendingToken`). */
export async function rotateAgentToken(ctx: Context, hostId: string, { revoke }: { revoke: boolean }): Promise<string> {
  const raw = await transact(ctx, async (tx) => {
    if (revoke) await revokeTokens(tx, hostId, ctx.now());
    else await markRotating(tx, hostId);
    const minted = await mintAgentToken(ctx, tx, hostId, 'operator');
    await record(ctx, tx, { name: 'access_changed', hostId });
    return minted;
  });
  ctx.tokens.forgetHost(hostId);
  return raw;
}

/** Ends every token of a host that is retired. Call inside `transact`, and `ctx.tokens.forgetHost` after it. */
export async function endAgentTokens(ctx: Context, tx: Tx, hostId: string): Promise<void> {
  await deleteTokens(tx, hostId);
  await record(ctx, tx, { name: 'access_changed', hostId });
}

/**
 * The token to hand to this caller with the answer, if one is due: its rotation waits, or it is a v1 agent that still
 * shares the bootstrap token. The same caller gets the same one until it uses it. `hostId`: for a v1 host made just now.
 */
export async function pendingToken(
  ctx: Context,
  caller: CallerOf<'agent'> | CallerOf<'legacy'>,
  hostId: string | null = caller.hostId,
): Promise<string | undefined> {
  if (hostId === null) return undefined;
  const shares = caller.kind === 'legacy' && caller.shared;
  if (shares ? !ctx.config.autoProvisionAgentTokens : !caller.rotating) return undefined;
  const nextOf = tokenHash(ctx.secrets.tokens, caller.bearer);
  const offer = (id: string): string => offeredToken(ctx.secrets.tokens, id, caller.bearer);
  const known = await findOffer(ctx.db, hostId, nextOf);
  if (known) return offer(known.id);
  return transact(ctx, async (tx) => {
    const made = await findOffer(tx, hostId, nextOf);
    if (made) return offer(made.id);
    // Revoked or used up since this caller was let in: it gets nothing more.
    if (!shares && !(await findLiveToken(tx, nextOf))) return undefined;
    const id = ctx.newId('token');
    await insertAgentToken(tx, newRow(ctx, { id, hostId, raw: offer(id), origin: 'offer', nextOf }));
    return offer(id);
  });
}
