// The table of outcomes, whole: exit statuses, signs, sentences.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Outcome } from '@nixfleet/contract/journal.ts';
import { outcomeSentence, outcomeWord } from '@nixfleet/contract/words.ts';
import { aRun } from '../testing/worlds.ts';
import { exitOf, faceOf, nextStep, truthNow, worstExit } from './outcome.ts';

test('every outcome has its own exit status, and these never change', () => {
  assert.deepEqual(Object.fromEntries(Outcome.options.map((o) => [o, exitOf(o)])), {
    succeeded: 0,
    failed: 1,
    rolled_back: 3,
    half_activated: 4,
    refused: 5,
    interrupted: 6,
    cancelled: 7,
    timed_out: 8,
    expired: 9,
  });
});

test('every outcome has its own word and its own sign', () => {
  for (const part of [outcomeWord, Object.fromEntries(Outcome.options.map((o) => [o, faceOf(o).sign]))])
    assert.equal(new Set(Object.values(part)).size, Outcome.options.length);
});

test('the worst of many outcomes is the exit status, in whatever order they come', () => {
  assert.equal(worstExit([]), 0);
  assert.equal(worstExit(['succeeded', null]), 2, 'a host that got no run is not a success');
  assert.equal(worstExit(['succeeded', 'rolled_back', 'cancelled']), 3);
  assert.equal(worstExit(['rolled_back', 'failed', 'half_activated']), 4);
  const many = fc.array(fc.constantFrom(...Outcome.options, null), { minLength: 1 });
  fc.assert(
    fc.property(many, (all) => {
      const status = worstExit(all);
      assert.equal(worstExit(all.toReversed()), status);
      assert.equal(
        status === 0,
        all.every((o) => o === 'succeeded'),
      );
      assert.ok(
        all.some((o) => (o === null ? 2 : exitOf(o)) === status),
        'it is the status of one of them',
      );
    }),
  );
});

test('the outcome sentence is the outcome, a dash and the reason, and says nothing twice', () => {
  assert.equal(
    outcomeSentence('rolled_back', 'tests failed: T04-docker-services.'),
    'Rolled back — tests failed: T04-docker-services',
  );
  assert.equal(outcomeSentence('succeeded', null), 'Succeeded');
  assert.equal(outcomeSentence('cancelled', 'cancelled by admin'), 'cancelled by admin'.replace('c', 'C'));
});

test('every end but success says what is true now and what to do next', () => {
  for (const outcome of Outcome.options) {
    const run = aRun({ n: 1, state: outcome, generation: 211 });
    const [truth, next] = [truthNow(run, outcome), nextStep(run, outcome, '00000001')];
    assert.match(truth ?? '', /web1/);
    assert.equal(next === undefined, outcome === 'succeeded', outcome);
  }
});
