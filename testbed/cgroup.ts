// Control groups as the way to hold processes: a group knows all its members, however they forked, and ends them at once.
// Version 2 only; a computer that still has version 1 keeps version 2 beside it, in `unified`.
import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno, readFileIfPresent } from '@nixfleet/kit/atomic-file.ts';
import { until } from './until.ts';

/** Where version 2 is mounted, or undefined. */
export const cgroupMount = (): string | undefined =>
  ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].find((path) => existsSync(join(path, 'cgroup.controllers')));

/** Process ids as this process sees them, of the group itself without the groups below it. */
export const pidsOf = (cgroup: string): number[] =>
  (readFileIfPresent(join(cgroup, 'cgroup.procs')) ?? '')
    .split('\n')
    .filter((line) => line !== '')
    .map(Number);

/** Whether a process lives in the group or below it. */
export const isPopulated = (cgroup: string): boolean =>
  /^populated 1$/m.test(readFileIfPresent(join(cgroup, 'cgroup.events')) ?? '');

export function makeCgroup(path: string): string {
  mkdirSync(path, { recursive: true });
  return path;
}

/** SIGKILL to every process of the group and of those below it, in one stroke; resolves when none is left. */
export async function killCgroup(cgroup: string): Promise<void> {
  try {
    writeFileSync(join(cgroup, 'cgroup.kill'), '1');
  } catch (error) {
    // The group was never made or is gone: so it has no process either.
    if (!isErrno(error, 'ENOENT', 'ENODEV')) throw error;
    return;
  }
  await until(() => !isPopulated(cgroup), { what: `the end of the processes of ${cgroup}`, deadlineMs: 10_000 });
}

/** Removes an empty group with those below it. */
export function removeCgroup(cgroup: string): void {
  if (!existsSync(cgroup)) return;
  for (const entry of readdirSync(cgroup, { withFileTypes: true }))
    if (entry.isDirectory()) removeCgroup(join(cgroup, entry.name));
  rmdirSync(cgroup);
}
