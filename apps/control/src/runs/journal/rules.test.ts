import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { EntryBody, JournalEntry } from '@nixfleet/contract/journal.ts';
import { changesHost, Phase, phasesOf } from '@nixfleet/contract/verbs.ts';
import { emptyFold, fold, foldAll, phasesOfRun } from './rules.ts';

const closure = `/nix/store/${'0'.repeat(32)}-a`;
const AT = 1_000_000;
const at = (bodies: EntryBody[], stepMs = 10): JournalEntry[] =>
  bodies.map((body, seq) => ({ seq, at: AT + seq * stepMs, ...body }));

const deploy: EntryBody[] = [
  { kind: 'started', executor: 'systemd', pid: 7 },
  { kind: 'phase_started', phase: 'fetch' },
  { kind: 'phase_ended', phase: 'fetch', status: 'done', durationMs: 10 },
  { kind: 'phase_started', phase: 'build' },
  {
    kind: 'progress',
    phase: 'build',
    done: 1,
    expected: 3,
    running: 1,
    failed: 0,
    bytesDone: 0,
    bytesExpected: 9,
    current: 'hello',
  },
  { kind: 'built', storePath: closure },
  { kind: 'phase_ended', phase: 'build', status: 'done', durationMs: 40 },
  { kind: 'phase_started', phase: 'activate' },
  { kind: 'intent', from: null, fromGeneration: null, to: closure, toGeneration: 4 },
  { kind: 'observed', running: closure, profile: closure, generation: 4, matches: true, broken: [] },
  { kind: 'test', name: 'T00', index: 1, total: 2, passed: 0, ok: null, durationMs: 0 },
  { kind: 'test', name: 'T00', index: 1, total: 2, passed: 0, ok: false, durationMs: 5, reason: 'no' },
  {
    kind: 'result',
    outcome: 'rolled_back',
    reason: 'tests failed: T00',
    phase: 'test',
    running: null,
    generation: null,
    tests: null,
  },
];

test('a journal becomes phases, progress, what was built, what runs and how it ended', () => {
  const entries = at(deploy);
  const building = foldAll(emptyFold(), entries.slice(0, 6));
  assert.equal(building.phase, 'build');
  assert.deepEqual(building.progress, {
    done: 1,
    expected: 3,
    running: 1,
    failed: 0,
    bytesDone: 0,
    bytesExpected: 9,
    current: 'hello',
  });
  assert.equal(building.changed, false);
  const testing = foldAll(building, entries.slice(6, 11));
  assert.deepEqual(testing.progress?.current, 'T00');
  assert.equal(testing.progress?.done, 0);
  assert.equal(testing.changed, true);
  const ended = foldAll(testing, entries.slice(11));
  assert.equal(ended.storePath, closure);
  assert.equal(ended.running, closure);
  assert.equal(ended.generation, 4);
  assert.deepEqual(ended.tests, { passed: 0, total: 2, failed: ['T00'] });
  assert.deepEqual(ended.result, { outcome: 'rolled_back', reason: 'tests failed: T00', phase: 'test' });
  assert.deepEqual(
    ended.phases.map((p) => [p.phase, p.status, p.durationMs]),
    [
      ['fetch', 'done', 10],
      ['build', 'done', 40],
      ['activate', 'failed', 50],
    ],
  );
});

test('however often and in whatever order entries come again, each counts once', () => {
  const entries = at(deploy);
  const whole = foldAll(emptyFold(), entries);
  fc.assert(
    fc.property(fc.array(fc.nat(entries.length - 1), { maxLength: 200 }), (order) => {
      // Whatever arrives out of order is passed over until its turn: the state is that of some beginning of the journal.
      const state = order.flatMap((i) => entries[i] ?? []).reduce(fold, emptyFold());
      assert.deepEqual(state, foldAll(emptyFold(), entries.slice(0, state.next)));
      assert.deepEqual(foldAll(state, entries), whole);
    }),
  );
});

test('nothing after the result changes the state', () => {
  const ended = foldAll(emptyFold(), at(deploy));
  const late = {
    seq: ended.next,
    at: AT,
    kind: 'result',
    outcome: 'succeeded',
    reason: '',
    phase: null,
    running: null,
    generation: null,
    tests: null,
  } as const;
  assert.equal(fold(ended, late), ended);
});

test('an intent, or any phase that changes the host, is the point of no return', () => {
  for (const phase of Phase.options) {
    const [entry] = at([{ kind: 'phase_started', phase }]);
    assert.ok(entry);
    assert.equal(fold(emptyFold(), entry).changed, changesHost(phase), phase);
  }
});

test('times are the host’s, moved to when we heard of it first', () => {
  const hour = 3_600_000;
  const shown = foldAll(emptyFold(hour), at(deploy).slice(0, 2));
  assert.equal(shown.phases[0]?.startedAt, AT + 10 + hour);
});

test('phases not reached are to do while it lives and left out once it ended', () => {
  const building = foldAll(emptyFold(), at(deploy).slice(0, 5));
  const show = (live: boolean, test: boolean) =>
    phasesOfRun(building, 'pull-switch', { test }, live).map((p) => `${p.phase} ${p.status}`);
  assert.deepEqual(show(true, false), [
    'fetch done',
    'verify todo',
    'build now',
    'diff todo',
    'activate todo',
    'observe todo',
    'confirm todo',
  ]);
  assert.ok(show(true, true).includes('test todo'));
  assert.ok(show(false, false).includes('activate skipped'));
  assert.deepEqual(
    phasesOfRun(emptyFold(), 'pull', {}, true).map((p) => p.phase),
    phasesOf.pull,
  );
});

test('of a v1 agent only the steps it told of are shown', () => {
  const legacy = foldAll(
    emptyFold(),
    at([
      { kind: 'started', executor: 'legacy', pid: 0 },
      { kind: 'phase_started', phase: 'fetch' },
    ]),
  );
  assert.deepEqual(
    phasesOfRun(legacy, 'pull-switch', {}, true).map((p) => p.phase),
    ['fetch'],
  );
});
