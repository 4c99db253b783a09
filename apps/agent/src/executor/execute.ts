// Executes one run, once, to its one result. Knows the host and the run's folder, nothing of the network beyond Git and Nix.
import { basename, dirname } from 'node:path';
import { runFolder, stateFolder } from '../state/folder.ts';
import { claimExecution } from './claim.ts';
import { conclude } from './conclude.ts';
import { type ExecutorHost, thisHost } from './context.ts';
import { walk } from './walk.ts';
import { leave } from './leave.ts';
import { closeRun, openRun, type Run } from './run.ts';
import { executorKind } from './start.ts';

/** Returns at once when any process has ever begun this run. */
export async function execute(runDir: string, host: ExecutorHost = thisHost()): Promise<void> {
  const folder = runFolder(stateFolder(dirname(dirname(runDir))), basename(runDir));
  if (!claimExecution(folder)) return;
  const run = openRun(runDir, host, { committed: false });
  try {
    begin(run);
    const { phase, ...ending } = await walk(run);
    conclude(run, ending, phase);
  } finally {
    closeRun(run);
  }
  await leave(host);
}

/** Entry 0. */
export const begin = (run: Run): void =>
  run.journal.append({
    kind: 'started',
    executor: executorKind(run.config, run.host.os, run.host.uid),
    pid: process.pid,
  });
