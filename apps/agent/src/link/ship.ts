// Ships one run's journal: entries by offset, as they appear, until the control plane says that it has the result. The
// control plane's own answer decides where to go on, so either side may forget where it was.
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { AppendedJournal, type AppendJournal } from '@nixfleet/contract/agent.ts';
import { Problem } from '@nixfleet/contract/problem.ts';
import { backoffMs } from '@nixfleet/kit/backoff.ts';
import type { Bell } from './bell.ts';
import type { Link } from './context.ts';
import type { Held } from './held.ts';
import { settle } from './put-away.ts';
import { storedToken } from './token.ts';

const DEADLINE_MS = 30_000;
/** The file system's word that the journal grew is normally at once; this is for when it does not come. */
const LOOK_MS = 1000;
/** A run that the control plane does not know any more is offered to it this long. */
const KEEP_UNKNOWN_MS = 7 * 86_400_000;

export type Shipping = {
  link: Link;
  run: Held;
  /** Takes in what the journal has got since. */
  look: () => void;
  /** Rings when the control plane answered again after a time without. */
  linkUp: Bell;
  /** Asks for a new token. */
  refused: () => void;
};

/** Ends when the run is settled or the agent is asked to end. */
export async function ship({ link, run, look, linkUp, refused }: Shipping): Promise<void> {
  const { tail, folder } = run;
  let next = readHint(folder.shipped);
  let failures = 0;
  while (!link.stop.aborted && !existsSync(folder.settled)) {
    const entries = tail.batch(next);
    if (entries.length === 0 && !tail.ended) {
      await run.grown.wait(LOOK_MS, link.stop);
      look();
      continue;
    }
    try {
      const answer = await append(link, run.id, { offset: entries[0]?.seq ?? Math.min(next, tail.next), entries });
      failures = 0;
      // It cannot have more than there is; a control plane that says so is told what there is.
      next = Math.min(answer.next, Math.max(tail.next, (entries.at(-1)?.seq ?? -1) + 1));
      writeFileSync(folder.shipped, JSON.stringify({ next }));
      if (answer.ended) return settle(folder);
      if (entries.length === 0) failures += 1;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      failures += 1;
      if (error.code === 'run_ended') return settle(folder);
      if (error.code === 'journal_gap') next = gapOf(error, next);
      if (error.code === 'run_not_found' && isLongUnknown(link, run)) return settle(folder);
      if (error.code === 'unauthenticated') refused();
      complain(link, run, error);
    }
    if (failures > 0)
      await linkUp.wait(backoffMs(failures, { minMs: 250, maxMs: 60_000, random: link.random }), link.stop);
  }
}

async function append(link: Link, id: string, body: AppendJournal): Promise<AppendedJournal> {
  const token = storedToken(link.state);
  if (token === undefined) throw new Problem('unauthenticated', 'there is no token');
  const request = { path: `/api/agent/runs/${id}/journal`, body, token, deadlineMs: DEADLINE_MS, signal: link.stop };
  const answer = AppendedJournal.safeParse(await link.call(request));
  if (answer.success) return answer.data;
  throw new Problem('unavailable', 'the answer to the journal is not one of a control plane');
}

/** Where the control plane wants to go on: before what it refused, or else from the start. */
function gapOf(error: Problem, refused: number): number {
  const next = error.details?.['next'];
  return typeof next === 'number' && Number.isSafeInteger(next) && next >= 0 && next < refused ? next : 0;
}

function readHint(path: string): number {
  try {
    const { next } = JSON.parse(readFileSync(path, 'utf8')) as { next?: unknown };
    return typeof next === 'number' && Number.isSafeInteger(next) && next >= 0 ? next : 0;
  } catch {
    // Never written, or cut short by a crash: it is only a hint, and the control plane answers with what it has.
    return 0;
  }
}

const isLongUnknown = (link: Link, run: Held): boolean =>
  run.tail.ended && link.now() - statSync(run.folder.journal).mtimeMs > KEEP_UNKNOWN_MS;

function complain(link: Link, run: Held, { code, message }: Problem): void {
  if (run.complaint === code) return;
  run.complaint = code;
  const kept = code === 'run_not_found' ? '; its folder is kept' : '';
  link.log.warn({ run: run.id, code, reason: message }, `the journal cannot be shipped now${kept}`);
}
