// Decisions of a run that are pure: may this be deployed, is the host as it shall be, how did it end. Each gives its reason.
import type { Order } from '@nixfleet/contract/agent.ts';
import type { EntryOf, Outcome } from '@nixfleet/contract/journal.ts';
import type { Verb } from '@nixfleet/contract/verbs.ts';

/** What was seen on the host: which closure runs, which the profile names, and units healthy before but not now. */
export type Seen = {
  running: string | null;
  profile: string | null;
  generation: number | null;
  broken: readonly string[];
};

export type Intent = Pick<EntryOf<'intent'>, 'from' | 'fromGeneration' | 'to'>;

export type Ending = { outcome: Outcome; reason: string };

/** Exactly the closure `to` runs, healthy, and would run after a reboot. */
export const runs = (seen: Seen, to: string): boolean => seen.running === to && seen.profile === to;

/** Running closure and profile are those from before. The profile need not have named what ran. */
export const isBack = (seen: Seen, { from, fromGeneration }: Intent): boolean =>
  seen.running === from && (seen.generation === fromGeneration || (from !== null && seen.profile === from));

/** Why this order is not for this host at all; undefined when it is. Decided before anything is fetched. */
export function foreign(
  order: Pick<Order, 'target'>,
  host: { attribute: string; repository: string | undefined },
): string | undefined {
  const { target } = order;
  if (!target) return undefined;
  if (target.attribute !== host.attribute)
    return `this host is built from ${host.attribute}, the order names ${target.attribute}`;
  if (host.repository !== undefined && target.repository !== host.repository)
    return `this host deploys only from ${host.repository}, the order names ${target.repository}`;
  return undefined;
}

/** How a commit stands to the last one deployed here. `unknown`: that one is not in the mirror. */
export type Relation = 'first' | 'same' | 'newer' | 'older' | 'apart' | 'unknown';

/** Why a commit must not follow the last one deployed; undefined when it may. */
export function backward(relation: Relation, verb: Verb, trusted: boolean): string | undefined {
  if (verb === 'test' || verb === 'rollback' || verb === 'restart') return undefined;
  switch (relation) {
    case 'first':
    case 'same':
    case 'newer':
      return undefined;
    case 'older':
      return 'the commit is older than the last one deployed here; use rollback to return to an earlier generation';
    case 'apart':
    case 'unknown':
      return trusted ? 'the commit does not descend from the last one deployed here' : undefined;
    default:
      return relation satisfies never;
  }
}

/** Why a closure is kept off this host for now. */
export function quarantined(
  entry: { until: number; reason: string } | undefined,
  now: number,
  force: boolean,
): string | undefined {
  if (!entry || force || entry.until <= now) return undefined;
  return `this closure was taken back before (${entry.reason}); it is quarantined until ${new Date(entry.until).toISOString()} unless forced`;
}

/** What is wrong with an activation that has ended, undefined when nothing is. */
export function activationFault(
  result: { exitCode: number | null; signal: string | null; units: readonly string[]; timedOut: boolean },
  deadlineMs: number,
): string | undefined {
  const units = result.units.length > 0 ? `; units not started: ${result.units.join(', ')}` : '';
  if (result.timedOut) return `activation took longer than ${deadlineMs / 1000} s${units}`;
  if (result.signal !== null) return `activation was ended by ${result.signal}${units}`;
  if (result.exitCode !== 0) return `activation failed with exit code ${result.exitCode}${units}`;
  return units === '' ? undefined : `activation left units behind${units}`;
}

/** What is wrong with a host that shall run `to`, undefined when nothing is. */
export function observedFault(seen: Seen, to: string): string | undefined {
  if (seen.running !== to) return `the activation ended well, but ${seen.running ?? 'no system'} runs`;
  if (seen.profile !== to) return `the activation ended well, but the profile names ${seen.profile ?? 'nothing'}`;
  if (seen.broken.length > 0) return `units healthy before and not now: ${seen.broken.join(', ')}`;
  return undefined;
}

/** How a run ends that went back. `ran`: something else than the previous system was seen running before. */
export function afterRestore(seen: Seen, intent: Intent, ran: boolean, reason: string): Ending {
  const faults = [
    ...(isBack(seen, intent)
      ? []
      : [`${seen.running ?? 'nothing'} runs and the profile names ${seen.profile ?? 'nothing'}`]),
    ...(seen.broken.length > 0 ? [`units not running: ${seen.broken.join(', ')}`] : []),
  ];
  if (faults.length > 0)
    return { outcome: 'half_activated', reason: `${reason}; going back did not work: ${faults.join('; ')}` };
  if (intent.from === null) return { outcome: 'failed', reason: `${reason}; there was no system before, nothing runs` };
  return { outcome: ran ? 'rolled_back' : 'failed', reason };
}
