import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Outcome } from '@nixfleet/contract/journal.ts';
import { isProblem } from '@nixfleet/contract/problem.ts';
import { LiveState, RunState } from '@nixfleet/contract/runs.ts';
import { deadlinesOf, Verb } from '@nixfleet/contract/verbs.ts';
import { type Cause, cancelRule, isLive, isSlow, leaseHolds, lostOutcome, mayMove, moves } from './rules.ts';

const causes: Cause[] = ['hand_over', 'journal', 'result', 'cancel', 'expire', 'lost', 'retire'];

test('the table of moves, whole', () => {
  const all = LiveState.options.flatMap((from) =>
    causes.flatMap((cause) =>
      RunState.options.filter((to) => mayMove(from, cause, to)).map((to) => `${from} ${cause} ${to}`),
    ),
  );
  assert.deepEqual(all, [
    'queued hand_over offered',
    'queued journal running',
    'queued cancel cancelled',
    'queued expire expired',
    'queued retire cancelled',
    'offered hand_over offered',
    'offered journal running',
    'offered cancel cancelled',
    'offered expire expired',
    'offered lost half_activated',
    'offered lost interrupted',
    'offered retire half_activated',
    'offered retire interrupted',
    ...Outcome.options.map((to) => `running result ${to}`),
    'running lost half_activated',
    'running lost interrupted',
    'running retire half_activated',
    'running retire interrupted',
  ]);
});

test('nothing moves an outcome', () => {
  for (const from of Outcome.options)
    for (const cause of causes) for (const to of RunState.options) assert.equal(mayMove(from, cause, to), false);
});

test('every live state has a way out for every way a host can go', () => {
  for (const from of LiveState.options) assert.ok(moves[from].retire, from);
  assert.deepEqual(RunState.options.filter(isLive), LiveState.options);
});

test('cancelling ends what waits, asks the host for what it may have, and refuses after activate', () => {
  const rule = (state: LiveState, changed = false) => cancelRule({ state, changed });
  assert.ok('now' in rule('queued'));
  assert.deepEqual(rule('offered'), { ask: true });
  assert.deepEqual(rule('running'), { ask: true });
  assert.throws(
    () => rule('running', true),
    (e) => isProblem(e, 'cancel_too_late') && e.message === 'activate has begun; roll back instead',
  );
});

test('a lost run is interrupted, or half activated once it had begun to change the host', () => {
  assert.equal(lostOutcome({ changed: false }, 'x').outcome, 'interrupted');
  assert.equal(lostOutcome({ changed: true }, 'x').outcome, 'half_activated');
});

test('a run is slow after the warn deadline of its verb', () => {
  for (const verb of Verb.options) {
    const run = { verb, state: 'running' as const, startedAt: 1000 };
    assert.equal(isSlow(run, 1000 + deadlinesOf[verb].warnMs), false);
    assert.equal(isSlow(run, 1001 + deadlinesOf[verb].warnMs), true);
    assert.equal(isSlow({ ...run, state: 'offered' }, Infinity), false);
  }
});

test('a lease from before the clock was set back counts as over', () => {
  const hour = 3_600_000;
  assert.equal(leaseHolds(null, 0, 60_000), false);
  assert.equal(leaseHolds(60_000, 0, 60_000), true);
  assert.equal(leaseHolds(60_000, 60_000, 60_000), false);
  assert.equal(leaseHolds(60_000 + hour, 0, 60_000), false);
});
