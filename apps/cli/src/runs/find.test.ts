// What an abbreviation of a run means.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matching } from './find.ts';

const runs = [{ id: 'run_019a0000-0000-7000-8000-0000deadbeef' }, { id: 'run_019b0000-0000-7000-8000-0000cafebeef' }];

test('a run is found by the beginning or the end of its id, with or without its prefix', () => {
  assert.deepEqual(matching(runs, 'deadbeef'), [runs[0]]);
  assert.deepEqual(matching(runs, 'DEADBEEF'), [runs[0]]);
  assert.deepEqual(matching(runs, '019b'), [runs[1]]);
  assert.deepEqual(matching(runs, 'run_019b'), [runs[1]]);
  assert.deepEqual(matching(runs, 'beef'), runs);
  assert.deepEqual(matching(runs, '7000'), []);
});
