// What is true of a host, from what was observed: its state, its metadata, its target, and whether it runs what it should.
import type { Facts } from '@nixfleet/contract/facts.ts';
import type { Convergence, HostState, Metadata } from '@nixfleet/contract/hosts.ts';
import { repositoryKey } from '../targets/rules.ts';

/** Below this an interval says nothing about presence: the network alone is that uneven. */
const SHORTEST_INTERVAL_MS = 10_000;

export const silenceMs = (intervalMs: number): number => 3 * Math.max(intervalMs, SHORTEST_INTERVAL_MS);

export type Sighting = {
  lastSeenAt: number | null;
  intervalMs: number;
  /** A check-in of it is held right now. */
  held: boolean;
  /** A live run has been handed over, and its lease holds. */
  leased: boolean;
};

/**
 * A last sighting that lies in the future is from before the clock was set back. It is believed as far as a past one: a
 * host that lives is heard again within its interval and then has a true one, one that does not must not stay online.
 */
export function hostState({ lastSeenAt, intervalMs, held, leased }: Sighting, now: number): HostState {
  if (held || leased) return 'online';
  if (lastSeenAt === null) return 'never_seen';
  return Math.abs(now - lastSeenAt) <= silenceMs(intervalMs) ? 'online' : 'offline';
}

const defaults: Metadata = {
  location: 'home',
  deviceType: 'server',
  criticality: 'low',
  themeColor: '#769ff0',
  icon: null,
  comment: '',
  lastAudit: null,
  lastFix: null,
};

export const metadataKeys = Object.keys(defaults) as (keyof Metadata)[]; // the literal above has exactly these keys

/** What an operator set wins until it is cleared; then what the agent says; then the default. */
export const metadata = (reported: Partial<Metadata>, edited: Partial<Metadata>): Metadata => ({
  ...defaults,
  ...reported,
  ...edited,
});

/** The edit after a change: a value sets the field, `null` gives it back to the agent, absent leaves it. */
export function edit(
  edited: Partial<Metadata>,
  change: { [K in keyof Metadata]?: Metadata[K] | null | undefined },
): Partial<Metadata> {
  const after: Record<string, unknown> = { ...edited };
  for (const key of metadataKeys) {
    if (change[key] === undefined) continue;
    if (change[key] === null) delete after[key];
    else after[key] = change[key];
  }
  return after;
}

export type TargetHead = { id: string; name: string; url: string; head: string | null };

/**
 * The target a host belongs to: the one it was given, else the one its own configuration names, else, for a host that names
 * none, the oldest. `targets`: oldest first.
 */
export function targetOf(
  host: { targetId: string | null; repository: string | null },
  targets: readonly TargetHead[],
): { target: TargetHead | null; noTarget: string } {
  const found = (target: TargetHead | undefined, noTarget: string) => ({ target: target ?? null, noTarget });
  if (targets.length === 0) return found(undefined, 'There is no target yet.');
  const { targetId, repository } = host;
  if (targetId !== null && targets.some((t) => t.id === targetId))
    return found(
      targets.find((t) => t.id === targetId),
      '',
    );
  if (repository !== null)
    return found(
      targets.find((t) => repositoryKey(t.url) === repositoryKey(repository)),
      `No target has the repository that the host names: ${repository}.`,
    );
  return found(targets[0], '');
}

const short = (commit: string): string => commit.slice(0, 7);

export type Running = {
  agentKind: 'native' | 'legacy';
  target: TargetHead | null;
  noTarget: string;
  facts: Facts;
  /** The closure that the target's newest commit gives on this host, where one was built. */
  headClosure: string | null;
  /** The newest commit known to give the closure that runs. */
  runningCommit: string | null;
  /** Legacy: the commit of its last successful switch. */
  deployed: string | null;
};

/** From the running system, never from a checkout. Two commits with one closure are equally current. */
export function convergence(r: Running): Convergence {
  const targetCommit = r.target?.head ?? null;
  const running = r.facts.system?.value.running ?? null;
  const runningCommit = r.agentKind === 'legacy' ? r.deployed : (r.facts.system?.value.commit ?? r.runningCommit);
  const say = (status: Convergence['status'], reason: string): Convergence => ({
    status,
    reason,
    targetCommit,
    runningCommit,
  });
  if (!r.target) return say('unknown', r.noTarget);
  if (targetCommit === null) return say('unknown', `The target ${r.target.name} has not been fetched yet.`);
  if (r.agentKind === 'legacy') {
    if (runningCommit === null)
      return say('unknown', 'A v1 agent does not say what runs, and nothing was switched yet.');
    return runningCommit === targetCommit
      ? say('current', `Last switched to ${short(targetCommit)}, the newest commit; a v1 agent does not say what runs.`)
      : say('outdated', `Last switched to ${short(runningCommit)}; the target is at ${short(targetCommit)}.`);
  }
  if (r.facts.system === undefined) return say('unknown', 'The host has not said yet what it runs.');
  if (running === null) return say('unknown', 'The host cannot tell what it runs.');
  if (running === r.headClosure || runningCommit === targetCommit)
    return say('current', `Runs ${short(targetCommit)}, the newest commit.`);
  if (runningCommit === null)
    return say('outdated', `Runs a system of unknown origin; the target is at ${short(targetCommit)}.`);
  return say('outdated', `Runs ${short(runningCommit)}; the target is at ${short(targetCommit)}.`);
}
