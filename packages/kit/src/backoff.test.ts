import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { backoffMs, pause } from './backoff.ts';

const range = { minMs: 1000, maxMs: 60_000 };

test('the delay doubles from the least to the most, its upper half at random', () => {
  const at = (failures: number, random: number): number => backoffMs(failures, { ...range, random: () => random });
  assert.deepEqual(
    [0, 1, 2, 3, 6, 7, 1000].map((n) => at(n, 1)),
    [0, 1000, 2000, 4000, 32_000, 60_000, 60_000],
  );
  assert.equal(at(3, 0), 2000);
});

test('whatever the count, the delay stays between half the least and the most', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e9 }), fc.double({ min: 0, max: 1, noNaN: true }), (failures, random) => {
      const ms = backoffMs(failures, { ...range, random: () => random });
      assert.ok(ms >= range.minMs / 2 && ms <= range.maxMs);
    }),
  );
});

test('a pause ends at once when it is aborted, before or while it lasts', async () => {
  await pause(60_000, AbortSignal.abort());
  const stop = new AbortController();
  const waiting = pause(60_000, stop.signal);
  stop.abort();
  await waiting;
});
