// For tests: the executor as the process it really is, and the means to kill it at a chosen line of its journal.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Mode } from '../executor/start.ts';
import type { RunFolder } from '../state/folder.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const DEADLINE_MS = 60_000;

export type Death = 'killed' | 'ended';

/** Kill when the journal has this many lines, and then this much later, milliseconds. */
export type KillAt = { lines: number; afterMs: number };
/** Kill as soon as something is true. */
export type KillWhen = { when: () => boolean };

/**
 * Runs the executor until it ends or is killed. `times` gets the time each line was seen at, by the monotonic clock. A
 * kill means the process alone: what it had started lives on, as it does when only an executor crashes.
 */
export async function realExecutor(
  mode: Mode,
  folder: RunFolder,
  env: Record<string, string>,
  killAt?: KillAt | KillWhen,
  times: number[] = [],
): Promise<Death> {
  const child = spawn(process.execPath, [main, mode, folder.root], { detached: true, stdio: 'ignore', env });
  const ended = once(child, 'exit');
  let death: Death = 'ended';
  let timer: NodeJS.Timeout | undefined;
  const kill = (): void => {
    death = 'killed';
    child.kill('SIGKILL');
  };
  const counter = lineCounter(folder.journal);
  const look = (): void => {
    const count = counter.count();
    while (times.length < count) times.push(performance.now());
    if (!killAt || 'when' in killAt || count < killAt.lines) return;
    if (killAt.afterMs === 0) kill();
    else timer ??= setTimeout(kill, killAt.afterMs);
  };
  const name = basename(folder.journal);
  const watcher = watch(dirname(folder.journal), (_, file) => {
    if (file === name) look();
  });
  const deadline = setTimeout(kill, DEADLINE_MS);
  const asking = setInterval(() => {
    if (killAt && 'when' in killAt && killAt.when()) kill();
  }, 20);
  await ended;
  look();
  watcher.close();
  counter.close();
  clearTimeout(timer);
  clearInterval(asking);
  clearTimeout(deadline);
  return child.signalCode === 'SIGKILL' ? death : 'ended';
}

/** Counts line ends of a growing file, each byte once. */
function lineCounter(path: string): { count: () => number; close: () => void } {
  let fd: number | undefined;
  let lines = 0;
  let at = 0;
  const chunk = Buffer.alloc(64 * 1024);
  return {
    count() {
      if (fd === undefined && !existsSync(path)) return 0;
      fd ??= openSync(path, 'r');
      for (let n = -1; n !== 0; at += n) {
        n = readSync(fd, chunk, 0, chunk.length, at);
        lines += chunk.subarray(0, n).filter((byte) => byte === 10).length;
      }
      return lines;
    },
    close() {
      if (fd !== undefined) closeSync(fd);
    },
  };
}
