// Runs as they stand: looking them up, ending and cancelling them. Every change of state goes through `moveRun`.
import { Problem } from '@nixfleet/contract/problem.ts';
import type { Run, RunPage, RunQuery } from '@nixfleet/contract/runs.ts';
import type { Context } from '../context.ts';
import { transact } from '../context.ts';
import type { Db, Tx } from '../db/database.ts';
import { record } from '../events/service.ts';
import { findHostById, findHostNames, getHost, recordHostChange, setLastRun } from '../hosts/service.ts';
import { type Cause, cancelRule, type Ending, expired, isLive, mayMove } from './rules.ts';
import {
  countQueued,
  findRun,
  findRuns,
  listExpired,
  listHandedOver,
  listLive,
  listRuns,
  type RunRecord,
  toLive,
  toRun,
  updateRun,
} from './store.ts';

export type { RunRecord } from './store.ts';
export { countQueued, findRun, findRuns, listHandedOver, listLive, toLive, toRun };

export async function getRunRecord(db: Db, id: string): Promise<RunRecord> {
  const run = await findRun(db, id);
  if (!run) throw new Problem('run_not_found', `There is no run ${id}`);
  return run;
}

const shown = async (ctx: Context, runs: readonly RunRecord[], db: Db = ctx.db): Promise<Run[]> => {
  const names = await findHostNames(db, [...new Set(runs.map((r) => r.hostId))]);
  return runs.map((r) => toRun(r, names.get(r.hostId) ?? r.hostId, ctx.now()));
};

export async function getRun(ctx: Context, id: string): Promise<Run> {
  const [run] = await shown(ctx, [await getRunRecord(ctx.db, id)]);
  if (!run) throw new Error('one record gives one run');
  return run;
}

/** Newest first. The cursor is the number of the last run of the page before. */
export async function listRunPage(ctx: Context, query: RunQuery): Promise<RunPage> {
  const { host, state, verb, live, after, limit } = query;
  const before = after === undefined ? undefined : Number.parseInt(after, 36);
  if (before !== undefined && !Number.isSafeInteger(before))
    throw new Problem('invalid', '`after` is not a cursor of this list', {
      issues: [{ path: 'query.after', message: 'expected the `next` of the page before' }],
    });
  const filter = {
    state,
    verb,
    live,
    ...(host === undefined ? {} : { hostId: (await getHost(ctx.db, host)).id }),
    ...(before === undefined ? {} : { before }),
  };
  const found = await listRuns(ctx.db, filter, limit + 1);
  const page = found.slice(0, limit);
  const last = found.length > limit ? page.at(-1) : undefined;
  return { runs: await shown(ctx, page), ...(last ? { next: last.number.toString(36) } : {}) };
}

/** The run after a cause moved it. Call inside `transact`. Throws for a move that the table forbids: a bug of ours. */
export async function moveRun(
  ctx: Context,
  tx: Tx,
  run: RunRecord,
  cause: Cause,
  after: RunRecord,
): Promise<RunRecord> {
  if (!mayMove(run.state, cause, after.state))
    throw new Error(`${run.id}: ${cause} may not move ${run.state} to ${after.state}`);
  await updateRun(tx, after);
  if (!isLive(after.state)) await setLastRun(tx, after.hostId, after.id);
  await recordRunChange(ctx, tx, after);
  return after;
}

export const endRun = (ctx: Context, tx: Tx, run: RunRecord, { outcome, cause, reason }: Ending): Promise<RunRecord> =>
  moveRun(ctx, tx, run, cause, { ...run, state: outcome, reason, finishedAt: ctx.now(), leaseUntil: null });

/** Hints for our readers; v1's dashboards hear of it where it means something to them. Call inside `transact`. */
export async function recordRunChange(ctx: Context, tx: Tx, run: RunRecord): Promise<void> {
  const { id, hostId, verb, state, fold } = run;
  await record(ctx, tx, { name: 'run_changed', hostId, runId: id, body: { verb, state, phase: fold.phase } });
  const host = await findHostById(tx, hostId);
  if (!host) return;
  const status = isLive(state) ? {} : { status: state === 'succeeded' ? 'ok' : 'error' };
  const pending = state === 'queued' ? verb : null;
  await recordHostChange(ctx, tx, host, {
    body: { ...status, pending_command: pending, test_running: state === 'running' && fold.phase === 'test' },
  });
}

export async function cancelRun(ctx: Context, id: string): Promise<Run> {
  const run = await transact(ctx, (tx) => cancelIn(ctx, tx, id));
  const [answer] = await shown(ctx, [run]);
  if (!answer) throw new Error('one record gives one run');
  return answer;
}

/** Asking twice is asking once. */
async function cancelIn(ctx: Context, tx: Tx, id: string): Promise<RunRecord> {
  const run = await getRunRecord(tx, id);
  if (!isLive(run.state)) throw new Problem('run_ended', `The run has ended: ${run.state.replace('_', ' ')}`);
  const rule = cancelRule(toLive(run));
  if ('now' in rule) return endRun(ctx, tx, run, rule.now);
  if (run.cancelRequestedAt !== null) return run;
  const asked = { ...run, cancelRequestedAt: ctx.now() };
  await updateRun(tx, asked);
  await recordRunChange(ctx, tx, asked);
  return asked;
}

/** Cancels whatever of the host can still be cancelled (v1's `stop`); gives the run that was or is being stopped. */
export async function stopHost(ctx: Context, hostId: string): Promise<string | null> {
  return transact(ctx, async (tx) => {
    const live = await listLive(tx, [hostId]);
    for (const run of live) if (!run.fold.changed) await cancelIn(ctx, tx, run.id);
    const stuck = live.find((run) => run.fold.changed);
    if (stuck && live.length === 1) cancelRule(toLive(stuck));
    return live.find((run) => !run.fold.changed)?.id ?? null;
  });
}

/** Ends queued runs whose time is over. Safe to repeat; says whether there are more. */
export async function expireRuns(ctx: Context): Promise<boolean> {
  const BATCH = 100;
  const due = await listExpired(ctx.db, ctx.now(), BATCH);
  if (due.length === 0) return false;
  await transact(ctx, async (tx) => {
    for (const { id } of due) {
      const run = await findRun(tx, id);
      if (run?.state === 'queued' && run.expiresAt <= ctx.now()) await endRun(ctx, tx, run, expired(run.attempt));
    }
  });
  return due.length === BATCH;
}
