// Whether a host may be given a run now, what commit it deploys, and if not, why and what to do. The same rule answers
// the request and fills the host's permissions, so that a button never promises what the request refuses.
import type { Permission } from '@nixfleet/contract/hosts.ts';
import { isProblem, Problem } from '@nixfleet/contract/problem.ts';
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

/** What the new run deploys, its subject still to be looked up; null: nothing. Throws the problem that forbids the run. */
export function admit(c: Candidate, verb: Verb, args: RunArgs): Omit<RunTarget, 'subject'> | null {
  if (c.retired) throw new Problem('host_retired', `${c.name} is retired`, { next: 'enrol it again under a new key' });
  if (c.agentKind === 'native' && !c.enrolled)
    throw new Problem('no_attribute', `${c.name} has never called.`, { next: 'Start its agent first.' });
  supports(c, verb, args);
  if (c.queued >= c.maxQueued)
    throw new Problem('queue_full', `${c.queued} runs wait for ${c.name} already.`, {
      next: 'Cancel some, or wait until it has taken them.',
    });
  // A v1 agent pulls its own checkout of its own repository: there is nothing we could pin.
  if (c.agentKind === 'legacy' || !pinsCommit(verb)) return null;
  if (!c.target) throw new Problem('no_target', c.noTarget, { next: 'Add its repository as a target.' });
  if (c.attribute === null)
    throw new Problem('no_attribute', `${c.name} has not said which flake attribute it is.`, {
      next: 'Set `attribute` in its agent’s configuration.',
    });
  const commit = commitOf(c, verb, args, c.target);
  return { targetId: c.target.id, repository: c.target.url, commit, attribute: c.attribute };
}

function supports(c: Candidate, verb: Verb, args: RunArgs): void {
  if (!c.capabilities.includes(verb))
    throw new Problem(
      'verb_unsupported',
      c.agentKind === 'legacy' ? `A v1 agent does not know ${verb}.` : `The agent of ${c.name} does not know ${verb}.`,
      { next: 'Update its agent.' },
    );
  const given = Object.entries(args).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (c.agentKind === 'legacy' && given.length > 0)
    throw new Problem('verb_unsupported', `A v1 agent knows no options; found ${given.join(', ')}.`, {
      next: 'Leave them out, or update its agent.',
    });
  const known: readonly string[] = argsOf[verb];
  const unknown = given.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const allowed = known.length === 0 ? 'it takes none' : `it takes ${known.join(', ')}`;
  throw new Problem('invalid', `${verb} does not know ${unknown.join(', ')}; ${allowed}.`, {
    issues: unknown.map((name) => ({ path: `body.args.${name}`, message: `not an option of ${verb}; ${allowed}` })),
  });
}

function commitOf(c: Candidate, verb: Verb, args: RunArgs, target: NonNullable<Candidate['target']>): string {
  const head = (): string => {
    if (target.head !== null) return target.head;
    throw new Problem('no_target', `The target ${target.name} has not been fetched yet.`, {
      next: 'Refresh the target, and look at its error.',
    });
  };
  if (verb === 'switch') {
    if (c.pulled !== null) return c.pulled;
    throw new Problem('not_pulled', 'Nothing is pulled.', { next: 'Run pull first, or pull-switch.' });
  }
  if (verb === 'test') return c.running ?? c.pulled ?? head();
  return args.commit ?? head();
}

/** Every verb with whether it may be asked for now. */
export function permissionsOf(c: Candidate): Permission[] {
  return Verb.options.map((verb) => {
    try {
      admit(c, verb, {});
      return { verb, allowed: true, reason: null };
    } catch (error) {
      if (!isProblem(error)) throw error;
      return {
        verb,
        allowed: false,
        reason: error.next === undefined ? error.message : `${error.message} ${error.next}`,
      };
    }
  });
}
