// restart: the agent's own process is replaced, and it counts only when another one is seen alive. The executor is no
// child of the agent and lives on.
import { existsSync } from 'node:fs';
import { pause } from '@nixfleet/kit/backoff.ts';
import { AgentDocument, readDocument, writeDocument } from '../../state/documents.ts';
import { complaint, runLogged } from '../child.ts';
import { isAlive } from '../process.ts';
import { fail, done, type Run, type Verdict } from '../run.ts';
import { executorKind, launchdDomain } from '../start.ts';

/** What nix/modules call the agent's job, system-wide and per user; v1's name. */
const LAUNCHD_LABEL = 'com.nixfleet.agent';
const APPEAR_MS = 60_000;
const COMMAND_MS = 90_000;

export async function restartAgent(run: Run): Promise<Verdict> {
  const before = agentBefore(run);
  if (!isAnother(run, before)) {
    const fault = await askToRestart(run);
    if (fault !== undefined) return notRestarted(run, fault);
  }
  const began = run.host.monotonic();
  while (!isAnother(run, before)) {
    if (run.host.monotonic() - began > APPEAR_MS)
      return notRestarted(run, `no new agent process was seen within ${APPEAR_MS / 1000} s`);
    await pause(100);
  }
  return done();
}

/** After a deployment the new system runs and is confirmed; only its agent does not. */
const notRestarted = (run: Run, reason: string): Verdict =>
  run.order.verb === 'update' ? { is: 'unfinished', reason } : fail(reason);

/** Which process the agent was, written down first: a recovery must not restart the one that came of this restart. */
function agentBefore(run: Run): string | null {
  const { restarting } = run.folder;
  if (!existsSync(restarting)) {
    const agent = readDocument(run.state.agent, AgentDocument);
    if (!agent) return null;
    run.journal.withReserve(() => writeDocument(restarting, AgentDocument, agent));
  }
  return readDocument(restarting, AgentDocument)?.instance ?? null;
}

function isAnother(run: Run, before: string | null): boolean {
  const agent = readDocument(run.state.agent, AgentDocument);
  return agent !== undefined && agent.instance !== before && isAlive(agent);
}

async function askToRestart(run: Run): Promise<string | undefined> {
  const kind = executorKind(run.config, run.host.os, run.host.uid);
  switch (kind) {
    case 'systemd': {
      const whose = run.host.uid === 0 ? [] : ['--user'];
      return command(run, ['systemctl', ...whose, 'restart', 'nixfleet-agent']);
    }
    case 'launchd': {
      const domain = launchdDomain(run.host.uid);
      return command(run, ['launchctl', 'kickstart', '-k', `${domain}/${LAUNCHD_LABEL}`]);
    }
    case 'detached':
      return terminate(run);
    default:
      return kind satisfies never;
  }
}

async function command(run: Run, argv: readonly [string, ...string[]]): Promise<string | undefined> {
  const r = await runLogged(run, 'restart', argv, { deadlineMs: COMMAND_MS, signal: null });
  return r.code === 0 ? undefined : complaint(argv, r, COMMAND_MS);
}

/** Whoever started the agent starts it again. */
function terminate(run: Run): string | undefined {
  const agent = readDocument(run.state.agent, AgentDocument);
  if (!agent || !isAlive(agent)) return 'no agent process is alive to be restarted';
  process.kill(agent.pid, 'SIGTERM');
  return undefined;
}
