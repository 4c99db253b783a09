// The last act of an executor that launchd started: its label stays known to launchd until somebody takes it away.
import { runCommand } from '@nixfleet/kit/command.ts';
import type { ExecutorHost } from './context.ts';
import { launchdDomain } from './start.ts';

const LEAVE_MS = 10_000;

/** launchd names its job in XPC_SERVICE_NAME, and ends us while we ask; everything is on disk by then. */
export async function leave({ env, os, uid }: ExecutorHost): Promise<void> {
  const label = env['XPC_SERVICE_NAME'];
  if (os !== 'darwin' || label?.startsWith('org.nixfleet.run.') !== true) return;
  await runCommand('launchctl', ['bootout', `${launchdDomain(uid)}/${label}`], { deadlineMs: LEAVE_MS, env });
}
