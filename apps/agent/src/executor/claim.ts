// Which process works on a run. The kernel-locked files that would answer this do not exist on every system, so a claim is
// a file that appears whole under a name that can be made only once.
//
// INVARIANTS:
// - `started` is made at most once: a run is executed at most once, ever.
// - At most one living process holds a run: the one named by the highest `recovering-N`, else by `started`.
// - No claim is ever taken away, so that two processes that see the same dead holder cannot both follow it.
import { linkSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno, syncDirectory, writeFileAtomic } from '@nixfleet/kit/atomic-file.ts';
import { ProcessId, readDocument, writeDocument } from '../state/documents.ts';
import type { RunFolder } from '../state/folder.ts';
import { isAlive, ownProcess } from './process.ts';

/** Takes a run that was never begun. False: somebody did, at any time. */
export function claimExecution(folder: RunFolder): boolean {
  return take(folder, folder.started);
}

/** Takes a run over from a dead executor. False: a living process has it. */
export function claimRecovery(folder: RunFolder): boolean {
  const numbers = readdirSync(folder.root).flatMap((name) => {
    const n = /^recovering-(\d+)$/.exec(name)?.[1];
    return n === undefined ? [] : [Number(n)];
  });
  const last = Math.max(0, ...numbers);
  const holder = readDocument(last === 0 ? folder.started : claimFile(folder, last), ProcessId);
  if (holder && isAlive(holder)) return false;
  // Nobody may begin the execution from now on.
  if (last === 0) take(folder, folder.started);
  return take(folder, claimFile(folder, last + 1));
}

const claimFile = (folder: RunFolder, n: number): string => join(folder.root, `recovering-${n}`);

/** Written aside and linked into place, which fails where the name exists: there is no instant with an empty claim. */
function take(folder: RunFolder, name: string): boolean {
  const self = ownProcess();
  const aside = `${name}.${self.pid}.new`;
  writeFileAtomic(aside, JSON.stringify(self), 0o600);
  try {
    linkSync(aside, name);
    syncDirectory(folder.root);
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  } finally {
    rmSync(aside, { force: true });
  }
  writeDocument(folder.executor, ProcessId, self);
  return true;
}
