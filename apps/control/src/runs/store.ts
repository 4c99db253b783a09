// The table of runs and its SQL. Rows become records here.
import type { ExpressionBuilder } from 'kysely';
import { type Run, type RunArgs, type RunQuery, type RunState, type RunTarget } from '@nixfleet/contract/runs.ts';
import type { Verb } from '@nixfleet/contract/verbs.ts';
import type { Db, NewRow, Row, Tables, Tx } from '../db/database.ts';
import { shownUrl } from '../targets/rules.ts';
import { type Fold, phasesOfRun } from './journal/rules.ts';
import { isLive, isSlow, type LiveRun } from './rules.ts';

export type RunRecord = {
  number: number;
  id: string;
  hostId: string;
  verb: Verb;
  args: RunArgs;
  target: RunTarget | null;
  state: RunState;
  reason: string | null;
  fold: Fold;
  createdBy: string;
  createdAt: number;
  offeredAt: number | null;
  leaseUntil: number | null;
  attempt: number;
  startedAt: number | null;
  finishedAt: number | null;
  expiresAt: number;
  cancelRequestedAt: number | null;
  outputBytes: number;
  droppedBytes: number;
  tailFrom: number | null;
};

const toTarget = (r: Row<'runs'>): RunTarget | null =>
  r.repository === null || r.commit === null || r.attribute === null
    ? null
    : {
        targetId: r.target_id,
        repository: r.repository,
        commit: r.commit,
        attribute: r.attribute,
        subject: r.subject,
      };

// Rows hold only what `toRow` wrote, so their text needs no second check.
const toRecord = (r: Row<'runs'>): RunRecord => ({
  number: r.number,
  id: r.id,
  hostId: r.host_id,
  verb: r.verb as Verb,
  args: JSON.parse(r.args) as RunArgs,
  target: toTarget(r),
  state: r.state as RunState,
  reason: r.reason,
  fold: JSON.parse(r.fold) as Fold,
  createdBy: r.created_by,
  createdAt: r.created_at,
  offeredAt: r.offered_at,
  leaseUntil: r.lease_until,
  attempt: r.attempt,
  startedAt: r.started_at,
  finishedAt: r.finished_at,
  expiresAt: r.expires_at,
  cancelRequestedAt: r.cancel_requested_at,
  outputBytes: r.output_bytes,
  droppedBytes: r.dropped_bytes,
  tailFrom: r.tail_from,
});

const toRow = (r: Omit<RunRecord, 'number'>): NewRow<'runs'> => ({
  id: r.id,
  host_id: r.hostId,
  verb: r.verb,
  args: JSON.stringify(r.args),
  target_id: r.target?.targetId ?? null,
  repository: r.target?.repository ?? null,
  commit: r.target?.commit ?? null,
  attribute: r.target?.attribute ?? null,
  subject: r.target?.subject ?? null,
  state: r.state,
  live: isLive(r.state) ? 1 : 0,
  reason: r.reason,
  phase: r.fold.phase,
  fold: JSON.stringify(r.fold),
  created_by: r.createdBy,
  created_at: r.createdAt,
  offered_at: r.offeredAt,
  lease_until: r.leaseUntil,
  attempt: r.attempt,
  started_at: r.startedAt,
  finished_at: r.finishedAt,
  expires_at: r.expiresAt,
  cancel_requested_at: r.cancelRequestedAt,
  journal_next: r.fold.next,
  output_bytes: r.outputBytes,
  dropped_bytes: r.droppedBytes,
  tail_from: r.tailFrom,
});

export async function insertRuns(tx: Tx, runs: readonly Omit<RunRecord, 'number'>[]): Promise<void> {
  if (runs.length > 0) await tx.insertInto('runs').values(runs.map(toRow)).execute();
}

/** What changes of a run after it was made. */
export async function updateRun(tx: Tx, run: RunRecord): Promise<void> {
  const { id, host_id: _host, args: _args, created_by: _by, created_at: _at, ...rest } = toRow(run);
  await tx.updateTable('runs').set(rest).where('id', '=', id).execute();
}

export async function findRun(db: Db, id: string): Promise<RunRecord | undefined> {
  const row = await db.selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirst();
  return row && toRecord(row);
}

export async function findRuns(db: Db, ids: readonly string[]): Promise<RunRecord[]> {
  if (ids.length === 0) return [];
  return (await db.selectFrom('runs').selectAll().where('id', 'in', ids).execute()).map(toRecord);
}

/** Written out, not bound: SQLite uses an index over live runs only where it reads that they are. */
const isAlive = (e: ExpressionBuilder<Tables, 'runs'>) => e('live', '=', e.lit(1));

/** Runs of these hosts that have not ended, oldest first. */
export async function listLive(db: Db, hostIds: readonly string[]): Promise<RunRecord[]> {
  if (hostIds.length === 0) return [];
  const rows = await db
    .selectFrom('runs')
    .selectAll()
    .where('host_id', 'in', hostIds)
    .where(isAlive)
    .orderBy('number')
    .execute();
  return rows.map(toRecord);
}

/** Runs that are handed over to these hosts: at most one each. */
export async function listHandedOver(db: Db, hostIds: readonly string[]): Promise<RunRecord[]> {
  if (hostIds.length === 0) return [];
  const rows = await db
    .selectFrom('runs')
    .selectAll()
    .where('host_id', 'in', hostIds)
    .where(isAlive)
    .where('state', '!=', 'queued')
    .orderBy('number')
    .execute();
  return rows.map(toRecord);
}

/** How many runs wait, and the newest live run, by host. */
export async function countQueued(db: Db, hostIds: readonly string[]): Promise<Map<string, number>> {
  if (hostIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('runs')
    .select((e) => ['host_id', e.fn.countAll<number>().as('n')])
    .where('host_id', 'in', hostIds)
    .where(isAlive)
    .where('state', '=', 'queued')
    .groupBy('host_id')
    .execute();
  return new Map(rows.map((r) => [r.host_id, r.n]));
}

/** Queued runs whose time is over, oldest first. */
export async function listExpired(db: Db, now: number, limit: number): Promise<RunRecord[]> {
  const rows = await db
    .selectFrom('runs')
    .selectAll()
    .where(isAlive)
    .where('expires_at', '<=', now)
    .where('state', '=', 'queued')
    .orderBy('expires_at')
    .limit(limit)
    .execute();
  return rows.map(toRecord);
}

export type RunFilter = Pick<RunQuery, 'state' | 'verb' | 'live'> & { hostId?: string; before?: number };

/** Newest first. */
export async function listRuns(db: Db, { state, verb, live, hostId, before }: RunFilter, limit: number) {
  let query = db.selectFrom('runs').selectAll().orderBy('number', 'desc').limit(limit);
  if (hostId !== undefined) query = query.where('host_id', '=', hostId);
  if (state !== undefined) query = query.where('state', '=', state);
  if (verb !== undefined) query = query.where('verb', '=', verb);
  if (live !== undefined) query = live ? query.where(isAlive) : query.where('live', '=', 0);
  if (before !== undefined) query = query.where('number', '<', before);
  return (await query.execute()).map(toRecord);
}

/** What the rules look at. Only for a run that has not ended. */
export const toLive = (r: RunRecord): LiveRun & { attempt: number } => {
  if (!isLive(r.state)) throw new Error(`${r.id} has ended`);
  const { id, verb, leaseUntil, startedAt, expiresAt, cancelRequestedAt, attempt } = r;
  return {
    id,
    state: r.state,
    verb,
    changed: r.fold.changed,
    leaseUntil,
    startedAt,
    expiresAt,
    cancelRequestedAt,
    attempt,
  };
};

const waiting = (r: RunRecord): string | null => {
  if (r.cancelRequestedAt !== null && isLive(r.state))
    return 'asked to stop; it stops unless it has begun to change the host';
  if (r.state === 'queued') return 'waits until its host takes it';
  return r.state === 'offered' ? 'handed over; the host has not begun it yet' : null;
};

export function toRun(r: RunRecord, hostName: string, now: number): Run {
  const { phase, progress, tests, storePath, running, generation, next } = r.fold;
  return {
    id: r.id,
    hostId: r.hostId,
    hostName,
    verb: r.verb,
    args: r.args,
    target: r.target && { ...r.target, repository: shownUrl(r.target.repository) },
    state: r.state,
    reason: r.reason ?? waiting(r),
    phase,
    phases: phasesOfRun(r.fold, r.verb, r.args, isLive(r.state)),
    progress,
    tests,
    storePath,
    running,
    generation,
    slow: isLive(r.state) && isSlow(toLive(r), now),
    cancelRequestedAt: r.cancelRequestedAt,
    attempt: r.attempt,
    journalNext: next,
    outputBytes: r.outputBytes,
    droppedBytes: r.droppedBytes,
    createdBy: r.createdBy,
    createdAt: r.createdAt,
    offeredAt: r.offeredAt,
    startedAt: r.startedAt,
    finishedAt: r.finishedAt,
    expiresAt: r.expiresAt,
  };
}
