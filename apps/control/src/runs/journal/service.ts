// Journals: taken in from hosts exactly once and in order, given out to readers.
//
// INVARIANTS:
// - An entry is stored in the transaction that folds it into its run: readers never see one without the other.
// - An outcome is given once. A journal that comes after it is kept, and changes nothing.
import { isDeepStrictEqual } from 'node:util';
import type { AppendedJournal, AppendJournal } from '@nixfleet/contract/agent.ts';
import type { JournalEntry } from '@nixfleet/contract/journal.ts';
import { Problem } from '@nixfleet/contract/problem.ts';
import type { JournalPage, JournalQuery } from '@nixfleet/contract/runs.ts';
import type { Context } from '../../context.ts';
import { transact } from '../../context.ts';
import type { Tx } from '../../db/database.ts';
import { heard } from '../../hosts/heartbeats/service.ts';
import { writeBuild } from '../../hosts/service.ts';
import { isLive } from '../rules.ts';
import { getRunRecord, moveRun, recordRunChange } from '../service.ts';
import { findRun, type RunRecord, updateRun } from '../store.ts';
import { boundOutput, tailOf } from './output-bound.ts';
import { emptyFold, foldAll } from './rules.ts';
import { insertEntries, listEntries, listOutput, outputBytes } from './store.ts';

/** How often readers are told that a run makes progress, at most. */
const HINT_MS = 250;

/** From the host that the run belongs to; another one learns nothing, not even that it exists. */
export async function appendJournal(
  ctx: Context,
  hostId: string,
  runId: string,
  batch: AppendJournal,
): Promise<AppendedJournal> {
  heard(ctx, hostId);
  const note = ctx.presence.of(hostId);
  const hinted = Math.abs(ctx.now() - note.hintedAt) >= HINT_MS;
  const answer = await transact(ctx, (tx) => appendIn(ctx, tx, hostId, runId, batch, hinted));
  note.missing.delete(runId);
  if (hinted) note.hintedAt = ctx.now();
  ctx.bus.wake(`run:${runId}`);
  return answer;
}

/** `appendJournal` inside a transaction that does more. */
export async function appendIn(
  ctx: Context,
  tx: Tx,
  hostId: string,
  runId: string,
  { offset, entries }: AppendJournal,
  hint = true,
): Promise<AppendedJournal> {
  const run = await findRun(tx, runId);
  if (!run || run.hostId !== hostId) throw new Problem('run_not_found', `There is no run ${runId} of this host`);
  const crooked = entries.findIndex((e, i) => e.seq !== offset + i);
  if (crooked !== -1)
    throw new Problem('invalid', 'The entries are not numbered on from `offset`', {
      issues: [{ path: `body.entries.${crooked}.seq`, message: `expected ${offset + crooked}` }],
    });
  const { next } = run.fold;
  if (offset > next)
    throw new Problem('journal_gap', `Entries ${next} to ${offset - 1} are missing`, { details: { next } });
  await compare(
    tx,
    runId,
    entries.filter((e) => e.seq < next),
  );
  const fresh = entries.filter((e) => e.seq >= next);
  const last = fresh.findIndex((e) => e.kind === 'result');
  if (fresh.length > 0 && (run.fold.result || (last !== -1 && last !== fresh.length - 1)))
    throw new Problem('journal_conflict', 'The result is the last entry; these come after it', { details: { next } });
  if (fresh.length === 0) return { next, ended: run.fold.result !== null };
  const after = await takeIn(ctx, tx, run, fresh, hint);
  return { next: after.fold.next, ended: after.fold.result !== null };
}

/** What is stored must be what is sent. Fields that a newer agent sends and we once dropped are no difference. */
async function compare(tx: Tx, runId: string, known: readonly JournalEntry[]): Promise<void> {
  const [first] = known;
  if (!first) return;
  const stored = new Map((await listEntries(tx, runId, first.seq - 1, known.length)).map((e) => [e.seq, e]));
  for (const entry of known) {
    const mine = stored.get(entry.seq);
    // Left out here: superseded progress, or the middle of a long output.
    if (!mine || (mine.kind === 'gap' && entry.kind === 'output')) continue;
    const theirs: Record<string, unknown> = { ...entry };
    if (Object.entries(mine).some(([key, value]) => !isDeepStrictEqual(theirs[key], value)))
      throw new Problem('journal_conflict', `Entry ${entry.seq} is stored here with other content`, {
        details: { seq: entry.seq },
      });
  }
}

async function takeIn(
  ctx: Context,
  tx: Tx,
  run: RunRecord,
  entries: readonly JournalEntry[],
  hint: boolean,
): Promise<RunRecord> {
  const now = ctx.now();
  const before = run.fold.next === 0 ? emptyFold(now - (entries[0]?.at ?? now)) : run.fold;
  const fold = foldAll(before, entries);
  await insertEntries(tx, run.id, withoutSuperseded(entries));
  const output = await bounded(ctx, tx, run, entries);
  const after: RunRecord = { ...run, fold, ...output };
  if (fold.storePath !== null && fold.storePath !== before.storePath && run.target) {
    const { commit, attribute } = run.target;
    await writeBuild(tx, { hostId: run.hostId, commit, attribute, storePath: fold.storePath, at: now });
  }
  if (!isLive(run.state)) {
    await updateRun(tx, after);
    ctx.log.warn({ run: run.id, outcome: run.state, late: fold.result?.outcome }, 'a journal came after the outcome');
    return after;
  }
  // A v1 agent is silent while it works; its lease was given for the whole of it.
  const leaseUntil = fold.executor === 'legacy' ? run.leaseUntil : now + ctx.config.leaseMs;
  return live(ctx, tx, run, { ...after, leaseUntil }, hint);
}

/** The state follows the journal: it begins with the first entry and ends with the result. */
async function live(ctx: Context, tx: Tx, run: RunRecord, after: RunRecord, hint: boolean): Promise<RunRecord> {
  const now = ctx.now();
  const { result } = after.fold;
  const running: RunRecord =
    run.state === 'running' ? after : { ...after, state: 'running', startedAt: now, offeredAt: run.offeredAt ?? now };
  if (result) {
    const { outcome, reason } = result;
    if (run.state !== 'running') await moveRun(ctx, tx, run, 'journal', running);
    return moveRun(ctx, tx, running, 'result', {
      ...running,
      state: outcome,
      reason,
      finishedAt: now,
      leaseUntil: null,
    });
  }
  if (run.state !== 'running') return moveRun(ctx, tx, run, 'journal', running);
  await updateRun(tx, running);
  if (hint || run.fold.phase !== after.fold.phase) await recordRunChange(ctx, tx, running);
  return running;
}

/** Progress is in absolute numbers: of several in one batch only the last says anything. */
function withoutSuperseded(entries: readonly JournalEntry[]): JournalEntry[] {
  const last = entries.findLastIndex((e) => e.kind === 'progress');
  return entries.filter((e, i) => e.kind !== 'progress' || i === last);
}

async function bounded(ctx: Context, tx: Tx, run: RunRecord, entries: readonly JournalEntry[]) {
  const sizes = entries.map((e) => ({ seq: e.seq, bytes: outputBytes(e) }));
  const left = entries.reduce((sum, e) => sum + (e.kind === 'gap' ? e.droppedBytes : 0), 0);
  const output = {
    outputBytes: run.outputBytes + left + sizes.reduce((sum, { bytes }) => sum + bytes, 0),
    droppedBytes: run.droppedBytes + left,
    tailFrom: tailOf(run, sizes, ctx.config.maxOutputBytes),
  };
  return boundOutput(ctx, tx, run.id, output, run.fold.phase ?? 'build');
}

export async function getJournal(ctx: Context, runId: string, { after, limit }: JournalQuery): Promise<JournalPage> {
  const run = await getRunRecord(ctx.db, runId);
  const entries = await listEntries(ctx.db, runId, after, limit);
  const last = entries.at(-1)?.seq ?? after;
  const ended = !isLive(run.state) && (entries.length < limit || last + 1 >= run.fold.next);
  return { runId, entries, last, ended };
}

const PAGE = 1000;

/** What its programs wrote, page by page; gaps are entries of their own. */
export async function* readOutput(ctx: Context, runId: string): AsyncGenerator<JournalEntry[]> {
  await getRunRecord(ctx.db, runId);
  for (let after = -1; ;) {
    const page = await listOutput(ctx.db, runId, after, PAGE);
    if (page.length > 0) yield page;
    if (page.length < PAGE) return;
    after = page.at(-1)?.seq ?? after;
  }
}

const grouped = (n: number): string => String(n).replaceAll(/\B(?=(\d{3})+$)/g, ' ');

/** Output as text, a marker where some was left out. */
export const outputText = (entries: readonly JournalEntry[]): string =>
  entries
    .map((e) => {
      if (e.kind === 'output') return `${e.text}\n`;
      return e.kind === 'gap' ? `[… ${grouped(e.droppedBytes)} bytes left out …]\n` : '';
    })
    .join('');
