// Every case of the decisions a run makes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Verb } from '@nixfleet/contract/verbs.ts';
import {
  activationFault,
  afterRestore,
  backward,
  foreign,
  type Intent,
  isBack,
  observedFault,
  quarantined,
  type Relation,
  runs,
  type Seen,
} from './rules.ts';

const target = { targetId: null, repository: 'https://a/r', commit: 'a'.repeat(40), attribute: 'x.y', subject: null };
const seen = (
  running: string | null,
  profile = running,
  generation: number | null = 2,
  broken: string[] = [],
): Seen => ({
  running,
  profile,
  generation,
  broken,
});
const intent: Intent = { from: 'old', fromGeneration: 1, to: 'new' };

test('an order is foreign when it names another attribute or another repository', () => {
  const host = { attribute: 'x.y', repository: undefined };
  assert.equal(foreign({ target: null }, host), undefined);
  assert.equal(foreign({ target }, host), undefined);
  assert.equal(foreign({ target }, { ...host, repository: 'https://a/r' }), undefined);
  assert.match(String(foreign({ target }, { ...host, repository: 'https://a/other' })), /deploys only from/);
  assert.match(String(foreign({ target }, { ...host, attribute: 'x.z' })), /built from x\.z/);
});

test('commits only go forward, except for tests and ways back; strangers only where no signer is asked for', () => {
  const table: Record<Relation, [boolean, boolean]> = {
    first: [true, true],
    same: [true, true],
    newer: [true, true],
    older: [false, false],
    apart: [true, false],
    unknown: [true, false],
  };
  const free = new Set<Verb>(['test', 'rollback', 'restart']);
  for (const verb of Verb.options)
    for (const [relation, [untrusted, trusted]] of Object.entries(table) as [Relation, [boolean, boolean]][]) {
      assert.equal(backward(relation, verb, false) === undefined, untrusted || free.has(verb), `${verb} ${relation}`);
      assert.equal(
        backward(relation, verb, true) === undefined,
        trusted || free.has(verb),
        `${verb} ${relation} trusted`,
      );
    }
});

test('a quarantine holds until its time, unless forced', () => {
  const entry = { until: 1000, reason: 'units failed' };
  assert.equal(quarantined(undefined, 0, false), undefined);
  assert.equal(quarantined(entry, 1000, false), undefined);
  assert.equal(quarantined(entry, 999, true), undefined);
  assert.match(String(quarantined(entry, 999, false)), /units failed.*1970-01-01T00:00:01/);
});

test('an activation is faultless only with exit status 0 and no unit named', () => {
  const good = { exitCode: 0, signal: null, units: [], timedOut: false };
  assert.equal(activationFault(good, 1000), undefined);
  assert.equal(
    activationFault({ ...good, exitCode: 4, units: ['a.service'] }, 1000),
    'activation failed with exit code 4; units not started: a.service',
  );
  assert.equal(
    activationFault({ ...good, exitCode: null, signal: 'SIGSEGV' }, 1000),
    'activation was ended by SIGSEGV',
  );
  assert.equal(
    activationFault({ ...good, exitCode: null, signal: 'SIGTERM', timedOut: true }, 1000),
    'activation took longer than 1 s',
  );
  assert.equal(
    activationFault({ ...good, units: ['a', 'b'] }, 1000),
    'activation left units behind; units not started: a, b',
  );
});

test('a target is observed only when it runs, is the profile and broke nothing', () => {
  assert.equal(observedFault(seen('new'), 'new'), undefined);
  assert.equal(observedFault(seen(null), 'new'), 'the activation ended well, but no system runs');
  assert.equal(observedFault(seen('new', 'old'), 'new'), 'the activation ended well, but the profile names old');
  assert.equal(observedFault(seen('new', null), 'new'), 'the activation ended well, but the profile names nothing');
  assert.equal(observedFault(seen('new', 'new', 2, ['a']), 'new'), 'units healthy before and not now: a');
  assert.equal(runs(seen('new'), 'new'), true);
  assert.equal(runs(seen('old', 'new'), 'new'), false);
});

test('a host is back when it runs what it ran and its profile is as it was', () => {
  assert.equal(isBack(seen('old', 'old', 1), intent), true);
  assert.equal(isBack(seen('old', 'old', 3), intent), true, 'the same closure under a new number');
  assert.equal(isBack(seen('old', 'staged', 1), intent), true, 'the profile named another closure before, too');
  assert.equal(isBack(seen('old', 'new', 2), intent), false);
  assert.equal(isBack(seen('new', 'old', 1), intent), false);
  const first: Intent = { from: null, fromGeneration: null, to: 'new' };
  assert.equal(isBack(seen(null, null, null), first), true);
  assert.equal(isBack(seen(null, 'new', 1), first), false);
});

test('after a way back, what is seen decides between rolled back, failed and half activated', () => {
  const end = (s: Seen, ran: boolean, i = intent) => afterRestore(s, i, ran, 'why');
  assert.deepEqual(end(seen('old', 'old', 1), true), { outcome: 'rolled_back', reason: 'why' });
  assert.deepEqual(end(seen('old', 'old', 1), false), { outcome: 'failed', reason: 'why' });
  for (const ran of [true, false]) {
    assert.equal(end(seen('new', 'old', 1), ran).outcome, 'half_activated');
    assert.equal(end(seen('old', 'new', 2), ran).outcome, 'half_activated');
    assert.equal(end(seen(null, 'old', 1), ran).outcome, 'half_activated');
    const broken = end(seen('old', 'old', 1, ['a.service']), ran);
    assert.deepEqual(broken, {
      outcome: 'half_activated',
      reason: 'why; going back did not work: units not running: a.service',
    });
  }
  const first: Intent = { from: null, fromGeneration: null, to: 'new' };
  assert.equal(end(seen(null, null, null), true, first).outcome, 'failed');
  assert.equal(end(seen('new', null, null), true, first).outcome, 'half_activated');
});
