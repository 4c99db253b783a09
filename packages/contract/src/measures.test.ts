// Times, durations and sizes in words.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ago, duration, parseDuration, size, sizeChange, span } from './measures.ts';

const S = 1000;
const M = 60 * S;
const H = 60 * M;
const D = 24 * H;

test('durations name their two largest units', () => {
  assert.deepEqual([340, 12 * S, M + 42 * S, 2 * H + 5 * M, 3 * D + 4 * H].map(duration), [
    '340ms',
    '12s',
    '1m 42s',
    '2h 05m',
    '3d 4h',
  ]);
  assert.equal(duration(-5), '0ms', 'clocks that differ make no negative time');
});

test('ages are in words, and the last seconds are now', () => {
  assert.equal(ago(100 * S, 105 * S), 'now');
  assert.equal(ago(105 * S, 100 * S), 'now');
  assert.equal(ago(0, 6 * M), '6 min ago');
  assert.equal(span(2 * D + 4 * H), '2 d 4 h');
  assert.equal(span(12 * D + 4 * H), '12 d');
});

test('sizes are in MiB with their sign', () => {
  assert.equal(sizeChange(36_595_302), '+34.9 MiB');
  assert.equal(sizeChange(-40_265_318), '−38.4 MiB');
  assert.equal(size(2_040_109_466), '1.9 GiB');
});

test('a written duration is a number and a unit', () => {
  assert.deepEqual(['30s', '90m', '5min', '2h', '7d'].map(parseDuration), [30 * S, 90 * M, 5 * M, 2 * H, 7 * D]);
  for (const bad of ['', '2', 'h', '-1h', '1.5h', '2 weeks']) assert.equal(parseDuration(bad), undefined, bad);
});
