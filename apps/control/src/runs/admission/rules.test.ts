import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isProblem, type ProblemCode } from '@nixfleet/contract/problem.ts';
import type { RunArgs } from '@nixfleet/contract/runs.ts';
import { Verb } from '@nixfleet/contract/verbs.ts';
import { admit, argsOf, type Candidate, permissionsOf } from './rules.ts';

const commit = (n: number): string => String(n).repeat(40);
const [HEAD, PULLED, RUNNING, OTHER] = [commit(1), commit(2), commit(3), commit(4)];

const host = (change: Partial<Candidate> = {}): Candidate => ({
  name: 'web1',
  agentKind: 'native',
  capabilities: Verb.options,
  attribute: 'nixosConfigurations.web1',
  enrolled: true,
  retired: false,
  target: { id: 'target_1', name: 'main', url: 'https://example.org/fleet', head: HEAD },
  noTarget: 'There is no target yet.',
  pulled: PULLED,
  running: RUNNING,
  queued: 0,
  maxQueued: 20,
  ...change,
});

const commitOf = (verb: Verb, change: Partial<Candidate> = {}, args: RunArgs = {}): string | null =>
  admit(host(change), verb, args)?.commit ?? null;

const refused = (
  code: ProblemCode,
  text: RegExp,
  verb: Verb,
  change: Partial<Candidate> = {},
  args: RunArgs = {},
): void => {
  assert.throws(
    () => admit(host(change), verb, args),
    (e) => {
      assert.ok(isProblem(e));
      assert.equal(e.code, code);
      assert.match(`${e.message} ${e.next ?? ''}`, text);
      return true;
    },
  );
};

test('each verb pins its commit', () => {
  for (const verb of ['pull', 'pull-switch', 'plan', 'update'] as const) {
    assert.equal(commitOf(verb), HEAD, verb);
    assert.equal(commitOf(verb, {}, { commit: OTHER }), OTHER, verb);
  }
  assert.equal(commitOf('switch'), PULLED);
  assert.equal(commitOf('test'), RUNNING);
  assert.equal(commitOf('test', { running: null }), PULLED);
  assert.equal(commitOf('test', { running: null, pulled: null }), HEAD);
  assert.equal(commitOf('rollback'), null);
  assert.equal(commitOf('restart'), null);
});

test('what keeps a host from a run is said with what to do', () => {
  refused('host_retired', /retired/, 'restart', { retired: true });
  refused('no_attribute', /never called.*Start its agent/, 'restart', { enrolled: false });
  refused('verb_unsupported', /does not know plan/, 'plan', { capabilities: ['pull'] });
  refused('queue_full', /20 runs wait/, 'restart', { queued: 20 });
  refused('no_target', /no target yet/, 'pull', { target: null });
  refused('no_target', /not been fetched/, 'pull', { target: { id: 't', name: 'main', url: '/x', head: null } });
  refused('no_attribute', /attribute/, 'pull', { attribute: null });
  refused('not_pulled', /^Nothing is pulled\. Run pull first, or pull-switch\.$/, 'switch', { pulled: null });
});

test('an option that a verb does not know is refused, for every verb and option', () => {
  const every: Required<RunArgs> = { test: true, generation: 3, commit: OTHER, force: true };
  for (const verb of Verb.options)
    for (const [name, value] of Object.entries(every)) {
      const args: RunArgs = { [name]: value };
      if (argsOf[verb].some((known) => known === name)) admit(host(), verb, args);
      else refused('invalid', new RegExp(`${verb} does not know ${name}`), verb, {}, args);
    }
});

test('a v1 agent is asked only for what it knows, and pins nothing', () => {
  const legacy = {
    agentKind: 'legacy',
    capabilities: ['pull', 'switch', 'pull-switch', 'test', 'restart', 'update'],
    pulled: null,
    target: null,
    attribute: null,
  } as const;
  for (const verb of legacy.capabilities) assert.equal(admit(host(legacy), verb, {}), null);
  refused('verb_unsupported', /v1 agent/, 'plan', legacy);
  refused('verb_unsupported', /v1 agent/, 'rollback', legacy);
  refused('verb_unsupported', /no options/, 'test', legacy, { test: true });
});

test('a permission says what the request would say', () => {
  const shown = permissionsOf(host({ pulled: null, capabilities: ['pull', 'switch', 'restart'] }));
  assert.deepEqual(
    shown.filter((p) => p.allowed).map((p) => p.verb),
    ['pull', 'restart'],
  );
  assert.equal(shown.find((p) => p.verb === 'switch')?.reason, 'Nothing is pulled. Run pull first, or pull-switch.');
});
