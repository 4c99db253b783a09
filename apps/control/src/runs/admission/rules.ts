// Whether a host may be given a run now, what commit it deploys, and if not, why and what to do. The same rule answers
// the request and fills the host's permissions, so that a button never promises what the request refuses.
import type { Permission } from '@nixfleet/contract/hosts.ts';
import { Problem, type ProblemCode, type ProblemExtra } from '@nixfleet/contract/problem.ts';
import type { RunArgs, RunTarget } from '@nixfleet/contract/runs.ts';
import { pinsCommit, Verb } from '@nixfleet/contract/verbs.ts';

/** What is known of a host when it is asked for a run. */
export type Candidate = {
  name: string;
  agentKind: 'native' | 'legacy';
  capabilities: readonly Verb[];
  attribute: string | null;
  enrolled: boolean;
  retired: boolean;
  target: { id: string; name: string; url: string; head: string | null } | null;
  /** Why there is no target. */
  noTarget: string;
  /** The commit its own mirror holds, and the one its running system was built from. */
  pulled: string | null;
  running: string | null;
  /** Runs that wait for it, and how many may. */
  queued: number;
  maxQueued: number;
};

/** Which options each verb knows. */
export const argsOf: Record<Verb, readonly (keyof RunArgs)[]> = {
  pull: ['commit'],
  switch: ['test', 'force'],
  'pull-switch': ['test', 'commit', 'force'],
  update: ['test', 'commit', 'force'],
  plan: ['commit'],
  test: [],
  rollback: ['test', 'generation'],
  restart: [],
};

type Refusal = { code: ProblemCode; message: string } & Pick<ProblemExtra, 'next' | 'issues'>;
type Pinned = Omit<RunTarget, 'subject'>;

/** What the new run deploys, its subject still to be looked up; null: nothing. Throws the problem that forbids the run. */
export function admit(c: Candidate, verb: Verb, args: RunArgs): Pinned | null {
  const judged = judge(c, verb, args);
  if (judged === null || !('code' in judged)) return judged;
  const { code, message, ...extra } = judged;
  throw new Problem(code, message, extra);
}

/** Every verb with whether it may be asked for now. */
export const permissionsOf = (c: Candidate): Permission[] =>
  Verb.options.map((verb) => {
    const judged = judge(c, verb, {});
    if (judged === null || !('code' in judged)) return { verb, allowed: true, reason: null };
    return {
      verb,
      allowed: false,
      reason: judged.next === undefined ? judged.message : `${judged.message} ${judged.next}`,
    };
  });

/** A value instead of an exception: a page of hosts asks this eight hundred times. */
function judge(c: Candidate, verb: Verb, args: RunArgs): Pinned | null | Refusal {
  if (c.retired)
    return { code: 'host_retired', message: `${c.name} is retired.`, next: 'Enrol it again under a new key.' };
  if (c.agentKind === 'native' && !c.enrolled)
    return { code: 'no_attribute', message: `${c.name} has never called.`, next: 'Start its agent first.' };
  const unsupported = unsupportedBy(c, verb, args);
  if (unsupported) return unsupported;
  if (c.queued >= c.maxQueued)
    return {
      code: 'queue_full',
      message: `${c.queued} runs wait for ${c.name} already.`,
      next: 'Cancel some, or wait until it has taken them.',
    };
  // A v1 agent pulls its own checkout of its own repository: there is nothing we could pin.
  if (c.agentKind === 'legacy' || !pinsCommit(verb)) return null;
  if (!c.target) return { code: 'no_target', message: c.noTarget, next: 'Add its repository as a target.' };
  if (c.attribute === null)
    return {
      code: 'no_attribute',
      message: `${c.name} has not said which flake attribute it is.`,
      next: 'Set `attribute` in its agent’s configuration.',
    };
  if (verb === 'switch' && c.pulled === null)
    return { code: 'not_pulled', message: 'Nothing is pulled.', next: 'Run pull first, or pull-switch.' };
  const commit = commitOf(c, verb, args, c.target.head);
  if (commit === null)
    return {
      code: 'no_target',
      message: `The target ${c.target.name} has not been fetched yet.`,
      next: 'Refresh the target, and look at its error.',
    };
  return { targetId: c.target.id, repository: c.target.url, commit, attribute: c.attribute };
}

function unsupportedBy(c: Candidate, verb: Verb, args: RunArgs): Refusal | undefined {
  const isLegacy = c.agentKind === 'legacy';
  if (!c.capabilities.includes(verb))
    return {
      code: 'verb_unsupported',
      message: isLegacy ? `A v1 agent does not know ${verb}.` : `The agent of ${c.name} does not know ${verb}.`,
      next: 'Update its agent.',
    };
  const given = Object.entries(args).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (isLegacy && given.length > 0)
    return {
      code: 'verb_unsupported',
      message: `A v1 agent knows no options; found ${given.join(', ')}.`,
      next: 'Leave them out, or update its agent.',
    };
  const known: readonly string[] = argsOf[verb];
  const unknown = given.filter((name) => !known.includes(name));
  if (unknown.length === 0) return undefined;
  const allowed = known.length === 0 ? 'it takes none' : `it takes ${known.join(', ')}`;
  return {
    code: 'invalid',
    message: `${verb} does not know ${unknown.join(', ')}; ${allowed}.`,
    issues: unknown.map((name) => ({ path: `body.args.${name}`, message: `not an option of ${verb}; ${allowed}` })),
  };
}

function commitOf(c: Candidate, verb: Verb, args: RunArgs, head: string | null): string | null {
  if (verb === 'switch') return c.pulled;
  if (verb === 'test') return c.running ?? c.pulled ?? head;
  return args.commit ?? head;
}
