// What a host is told of its runs at a check-in: the plan of rules.ts, carried out. Reading comes first, and only a plan
// that changes something opens a transaction, in which it is made anew.
import type { HeldRun, Order } from '@nixfleet/contract/agent.ts';
import { deadlinesOf } from '@nixfleet/contract/verbs.ts';
import type * as z from 'zod';
import type { Context } from '../../context.ts';
import { transact } from '../../context.ts';
import type { Db, Tx } from '../../db/database.ts';
import { endRun, moveRun } from '../service.ts';
import { findRuns, listLive, type RunRecord, toLive, updateRun } from '../store.ts';
import { handOver, type Handover } from './rules.ts';

type Held = readonly z.infer<typeof HeldRun>[];

export type Told = {
  orders: Order[];
  cancel: string[];
  settled: string[];
  /** When there is something to decide again even if nobody speaks; by `ctx.now`. */
  againAt: number | null;
  /** Nothing lives here that a later check-in would have to look at. */
  quiet: boolean;
};

/** A list as long as the protocol allows may have left something out. */
const MOST_HELD = 100;

export async function tellRuns(ctx: Context, hostId: string, held: Held): Promise<Told> {
  const seen = await planOf(ctx, ctx.db, hostId, held);
  const { offer, extend, ends } = seen.plan;
  if (offer === null && extend.length === 0 && ends.length === 0) return told(ctx, hostId, held, seen, []);
  return transact(ctx, async (tx) => {
    const sure = await planOf(ctx, tx, hostId, held);
    const orders = await carryOut(ctx, tx, sure);
    return told(ctx, hostId, held, sure, orders, tx);
  });
}

type Seen = { plan: Handover; live: RunRecord[] };

async function planOf(ctx: Context, db: Db, hostId: string, held: Held): Promise<Seen> {
  const live = await listLive(db, [hostId]);
  const note = ctx.presence.of(hostId);
  const now = ctx.now();
  const plan = handOver(live.map(toLive), {
    held: new Set(held.map((h) => h.id)),
    complete: held.length < MOST_HELD,
    now,
    leaseMs: ctx.config.leaseMs,
    missingSince: (id) => note.missing.get(id),
  });
  const named = new Set(held.map((h) => h.id));
  for (const id of note.missing.keys()) if (named.has(id) || !live.some((r) => r.id === id)) note.missing.delete(id);
  // A time from before the clock was set back would count as absence for too long: it begins anew.
  for (const id of plan.missing) if ((note.missing.get(id) ?? Infinity) > now) note.missing.set(id, now);
  return { plan, live };
}

async function carryOut(ctx: Context, tx: Tx, { plan, live }: Seen): Promise<Order[]> {
  const now = ctx.now();
  const leaseUntil = now + ctx.config.leaseMs;
  const run = (id: string): RunRecord => {
    const found = live.find((r) => r.id === id);
    if (!found) throw new Error(`the plan names ${id}, which is not alive`);
    return found;
  };
  for (const { id, ...ending } of plan.ends) await endRun(ctx, tx, run(id), ending);
  for (const id of plan.extend) await updateRun(tx, { ...run(id), leaseUntil });
  if (plan.offer === null) return [];
  const before = run(plan.offer);
  const offered: RunRecord = { ...before, state: 'offered', offeredAt: now, leaseUntil, attempt: before.attempt + 1 };
  await moveRun(ctx, tx, before, 'hand_over', offered);
  const { id, verb, args, target } = offered;
  return [{ id, verb, args, target, hardMs: deadlinesOf[verb].hardMs, confirmMs: ctx.config.confirmMs, issuedAt: now }];
}

async function told(
  ctx: Context,
  hostId: string,
  held: Held,
  { plan, live }: Seen,
  orders: Order[],
  db: Db = ctx.db,
): Promise<Told> {
  const alive = new Set(live.map((r) => r.id));
  const others = held.map((h) => h.id).filter((id) => !alive.has(id));
  const known = new Map((await findRuns(db, others)).map((r) => [r.id, r]));
  // One that ended here without the host's word is still running there, for all we know: it is asked to stop, and its
  // journal is taken in to the end.
  const unsettled = others.filter((id) => {
    const run = known.get(id);
    return run !== undefined && run.hostId === hostId && run.fold.result === null;
  });
  const settled = others.filter((id) => !unsettled.includes(id));
  const cancel = [...plan.cancel, ...unsettled];
  return { orders, cancel, settled, againAt: plan.againAt, quiet: live.length === 0 && held.length === 0 };
}
