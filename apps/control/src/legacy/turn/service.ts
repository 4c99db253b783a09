// Runs of a v1 agent: handed over with a heartbeat, ended by a status. It is single-threaded, so a heartbeat that no status
// came before says that it is not running anything.
import type { EntryBody } from '@nixfleet/contract/journal.ts';
import type { LegacyCommand, LegacyStatus, LegacyTestProgress } from '@nixfleet/contract/legacy.ts';
import { deadlinesOf } from '@nixfleet/contract/verbs.ts';
import type { Context } from '../../context.ts';
import type { Tx } from '../../db/database.ts';
import { appendIn } from '../../runs/journal/service.ts';
import { expired, hasExpired, lostOutcome } from '../../runs/rules.ts';
import { endRun, listLive, moveRun, type RunRecord, toLive } from '../../runs/service.ts';
import { isLegacyCommand, type LegacyRun, MAX_ATTEMPTS, progressEntries, statusEntries } from '../rules.ts';

/** The command to answer a heartbeat with. Call inside `transact`. */
export async function nextCommand(ctx: Context, tx: Tx, hostId: string): Promise<LegacyCommand | null> {
  for (const run of await listLive(tx, [hostId])) {
    if (run.state === 'running') {
      const lost = lostOutcome(toLive(run), 'the v1 agent came back without reporting its end');
      await endRun(ctx, tx, run, { cause: 'lost', ...lost });
    } else if (run.state === 'offered' && run.cancelRequestedAt !== null)
      await endRun(ctx, tx, run, {
        outcome: 'cancelled',
        cause: 'cancel',
        reason: 'cancelled; its v1 agent never reported it',
      });
    else if (run.state === 'offered' && run.attempt >= MAX_ATTEMPTS)
      await endRun(ctx, tx, run, {
        outcome: 'interrupted',
        cause: 'lost',
        reason: `handed over ${run.attempt} times, and its v1 agent never reported it; whether it ran is not known`,
      });
    else if (run.state === 'queued' && hasExpired(run, ctx.now())) await endRun(ctx, tx, run, expired(run.attempt));
    else return giveOut(ctx, tx, run);
  }
  return null;
}

async function giveOut(ctx: Context, tx: Tx, run: RunRecord): Promise<LegacyCommand | null> {
  if (!isLegacyCommand(run.verb)) throw new Error(`${run.id}: ${run.verb} was admitted for a v1 agent`);
  const now = ctx.now();
  const leaseUntil = now + deadlinesOf[run.verb].hardMs;
  const offered: RunRecord = { ...run, state: 'offered', offeredAt: now, leaseUntil, attempt: run.attempt + 1 };
  await moveRun(ctx, tx, run, 'hand_over', offered);
  return run.verb;
}

/** Adds a status to the run it belongs to; gives that run's verb, or undefined when none is handed over. */
export async function takeStatus(
  ctx: Context,
  tx: Tx,
  hostId: string,
  said: LegacyStatus,
): Promise<LegacyRun | undefined> {
  return extend(ctx, tx, hostId, (run) => statusEntries(run, said, ctx.now()));
}

export async function takeProgress(ctx: Context, tx: Tx, hostId: string, said: LegacyTestProgress): Promise<void> {
  await extend(ctx, tx, hostId, (run) => (run.verb === 'test' ? progressEntries(run, said) : []));
}

async function extend(
  ctx: Context,
  tx: Tx,
  hostId: string,
  entriesOf: (run: LegacyRun) => EntryBody[],
): Promise<LegacyRun | undefined> {
  const run = (await listLive(tx, [hostId])).find((r) => r.state !== 'queued');
  if (!run || !isLegacyCommand(run.verb)) return undefined;
  const legacy: LegacyRun = { verb: run.verb, fold: run.fold, since: run.offeredAt ?? ctx.now() };
  const offset = run.fold.next;
  const at = ctx.now();
  const entries = entriesOf(legacy).map((body, i) => ({ seq: offset + i, at, ...body }));
  if (entries.length > 0) await appendIn(ctx, tx, hostId, run.id, { offset, entries });
  ctx.bus.wake(`run:${run.id}`);
  return legacy;
}
