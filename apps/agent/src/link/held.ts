// The runs this host holds: every folder whose result the control plane has not acknowledged, with what is known of each.
import { existsSync, readdirSync } from 'node:fs';
import { RunId } from '@nixfleet/contract/names.ts';
import { ProcessId, readDocument } from '../state/documents.ts';
import { type RunFolder, runFolder, type StateFolder } from '../state/folder.ts';
import { isAlive } from '../executor/process.ts';
import { type Bell, makeBell } from './bell.ts';
import { makeTail, type Tail } from './tail.ts';
import type { Sight } from './next-step.ts';

/** How long an executor that was started, or that took its run, may take to say which process it is. */
const SHOW_MS = 15_000;

export type Held = {
  id: string;
  folder: RunFolder;
  tail: Tail;
  /** Rings when the journal grew. */
  grown: Bell;
  /** When this process started an executor for it; monotonic. */
  askedAt: number | undefined;
  askedFor: 'execute' | 'recover' | undefined;
  /** When this process first saw that it was taken; monotonic. */
  startedSeenAt: number | undefined;
  /** The last complaint about it, so that each is logged once. */
  complaint: string | undefined;
};

/** Adds runs that are new in the folder, drops those settled. Keeps the others as they are. */
export function refreshHeld(state: StateFolder, held: Map<string, Held>, settled: Set<string>): void {
  for (const id of readdirSync(state.runs)) {
    if (settled.has(id) || !RunId.safeParse(id).success) continue;
    const folder = runFolder(state, id);
    if (existsSync(folder.settled)) {
      settled.add(id);
      held.delete(id);
    } else if (!held.has(id) && existsSync(folder.order)) held.set(id, makeHeld(id, folder));
  }
}

const makeHeld = (id: string, folder: RunFolder): Held => ({
  id,
  folder,
  tail: makeTail(folder.journal),
  grown: makeBell(),
  askedAt: undefined,
  askedFor: undefined,
  startedSeenAt: undefined,
  complaint: undefined,
});

/** Takes in what the journal has got since; says whether it grew. */
export function look(run: Held): boolean {
  const before = run.tail.next;
  run.tail.look();
  const grew = run.tail.next > before;
  if (grew) run.grown.ring();
  return grew;
}

export function sightOf(run: Held, monotonic: number): Sight {
  const started = existsSync(run.folder.started);
  if (started) run.startedSeenAt ??= monotonic;
  const executor = readDocument(run.folder.executor, ProcessId);
  const recent = (at: number | undefined): boolean => at !== undefined && monotonic - at < SHOW_MS;
  const hasShown = executor !== undefined && started;
  const mayShow =
    run.askedFor === 'recover' ? recent(run.askedAt) : !hasShown && (recent(run.askedAt) || recent(run.startedSeenAt));
  const busy = !run.tail.ended && ((executor !== undefined && isAlive(executor)) || mayShow);
  return { id: run.id, started, ended: run.tail.ended, busy };
}
