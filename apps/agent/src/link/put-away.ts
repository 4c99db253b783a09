// What becomes of runs whose result the control plane has: the last ones stay for whoever looks on the host; older ones
// shrink to their markers, so that a run handed over again by a restored control plane is still known to have happened.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { RunId } from '@nixfleet/contract/names.ts';
import { writeFileAtomic } from '@nixfleet/kit/atomic-file.ts';
import { type RunFolder, runFolder, type StateFolder } from '../state/folder.ts';

const KEEP_WHOLE = 20;
/** A run waits for its host 30 days at most, so an older one can never be handed over again. */
const KEEP_MARKERS_MS = 31 * 86_400_000;

export const settle = (folder: RunFolder): void => writeFileAtomic(folder.settled, '', 0o600);

export function putAway(state: StateFolder, settled: ReadonlySet<string>, now: number): void {
  const newestFirst = [...settled]
    .filter((id) => RunId.safeParse(id).success)
    .toSorted()
    .toReversed();
  for (const id of newestFirst.slice(KEEP_WHOLE)) {
    const folder = runFolder(state, id);
    if (now - createdAt(id) > KEEP_MARKERS_MS) rmSync(folder.root, { recursive: true, force: true });
    else shrink(folder);
  }
}

function shrink(folder: RunFolder): void {
  const keep = new Set([folder.started, folder.settled]);
  for (const name of namesIn(folder.root)) {
    const path = join(folder.root, name);
    if (!keep.has(path)) rmSync(path, { recursive: true, force: true });
  }
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    // Put away before.
    return [];
  }
}

/** The moment in a UUIDv7 (RFC 9562 §5.7), milliseconds. */
const createdAt = (id: string): number => Number.parseInt(id.replace(/^run_/, '').replace('-', '').slice(0, 12), 16);
