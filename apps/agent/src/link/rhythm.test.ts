// How long the agent holds and waits.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holdMs, waitAfter } from './rhythm.ts';

test('a hold is the interval, at most 55 s, shortened by up to a tenth', () => {
  assert.equal(
    holdMs(30_000, () => 0),
    30_000,
  );
  assert.equal(
    holdMs(30_000, () => 1),
    27_000,
  );
  assert.equal(
    holdMs(3_600_000, () => 0),
    55_000,
  );
});

test('failures back off from one second to one minute, half of it at random', () => {
  const waits = [1, 2, 3, 7, 100].map((failures) => [0, 1].map((r) => waitAfter('unavailable', failures, () => r)));
  assert.deepEqual(waits, [
    [500, 1000],
    [1000, 2000],
    [2000, 4000],
    [30_000, 60_000],
    [30_000, 60_000],
  ]);
});

test('a retired host asks again only every ten minutes', () => {
  assert.equal(
    waitAfter('host_retired', 1, () => 0),
    600_000,
  );
});
