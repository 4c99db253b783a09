// What recovery decides, for every way a journal can end and everything a host can look like then.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { EntryBody, JournalEntry } from '@nixfleet/contract/journal.ts';
import { DIED, factsOf } from './journal-facts.ts';
import { recoveryOf } from './recovery-rules.ts';
import type { Seen } from './rules.ts';

const old = `/nix/store/${'a'.repeat(32)}-old`;
const fresh = `/nix/store/${'b'.repeat(32)}-new`;
const other = `/nix/store/${'c'.repeat(32)}-other`;

const started: EntryBody = { kind: 'started', executor: 'detached', pid: 1 };
const begin = (phase: 'build' | 'activate' | 'observe' | 'test' | 'confirm' | 'restore' | 'restart'): EntryBody => ({
  kind: 'phase_started',
  phase,
});
const end = (phase: 'build' | 'activate' | 'observe' | 'test' | 'confirm' | 'restore', reason?: string): EntryBody => ({
  kind: 'phase_ended',
  phase,
  status: reason === undefined ? 'done' : 'failed',
  durationMs: 1,
  ...(reason === undefined ? {} : { reason }),
});
const intent: EntryBody = { kind: 'intent', from: old, fromGeneration: 1, to: fresh, toGeneration: null };
const observed = (running: string): EntryBody => ({
  kind: 'observed',
  running,
  profile: running,
  generation: running === old ? 1 : 2,
  matches: running === fresh,
  broken: [],
});
const result: EntryBody = {
  kind: 'result',
  outcome: 'succeeded',
  reason: '',
  phase: null,
  running: fresh,
  generation: 2,
  tests: null,
};

const journal = (...bodies: EntryBody[]): JournalEntry[] => bodies.map((body, seq) => ({ ...body, seq, at: 0 }));
const seen = (running: string | null, profile = running, broken: string[] = []): Seen => ({
  running,
  profile,
  generation: profile === old ? 1 : profile === null ? null : 2,
  broken,
});
const decide = (s: Seen, ...bodies: EntryBody[]) => recoveryOf(factsOf(journal(...bodies)), s);

const all = [old, fresh, other, null];
const everySight = all.flatMap((running) => all.map((profile) => seen(running, profile)));

const toActivate = [started, begin('build'), end('build'), intent, begin('activate')];
const toObserved = [...toActivate, end('activate'), begin('observe'), observed(fresh), end('observe')];
const toConfirm = [...toObserved, begin('confirm'), { kind: 'confirming', windowMs: 1 } satisfies EntryBody];

test('a run with a result is left alone', () => {
  for (const s of everySight) assert.equal(decide(s, ...toConfirm, result).act, 'nothing');
});

test('without an intent nothing was changed, whatever runs', () => {
  for (const s of everySight) {
    assert.deepEqual(decide(s), { act: 'interrupt', reason: `${DIED}; nothing was changed` });
    const inBuild = decide(s, started, begin('build'));
    assert.deepEqual(inBuild, { act: 'interrupt', reason: `${DIED} in build; nothing was changed` });
  }
});

test('an intent alone changed nothing; once the activation may have begun the previous system is activated again', () => {
  const idle = seen(old);
  assert.equal(decide(idle, started, intent).act, 'interrupt');
  assert.equal(decide(idle, ...toActivate).act, 'repair');
});

test('a host that is not as it was goes back', () => {
  for (const s of everySight) {
    if (s.running === old && s.profile === old) continue;
    assert.deepEqual(decide(s, ...toActivate), {
      act: 'go_back',
      reason: `${DIED} in activate`,
      ran: true,
      blame: false,
    });
  }
});

test('a system that stood the observation is confirmed once more, if it still stands', () => {
  assert.equal(decide(seen(fresh), ...toConfirm).act, 'confirm');
  assert.equal(decide(seen(fresh), ...toObserved, begin('confirm')).act, 'confirm');
  assert.equal(decide(seen(fresh), ...toObserved, begin('test')).act, 'go_back');
  assert.equal(decide(seen(fresh, fresh, ['a.service']), ...toConfirm).act, 'go_back');
  assert.equal(decide(seen(other, fresh), ...toConfirm).act, 'go_back');
  assert.equal(decide(seen(old), ...toConfirm).act, 'repair');
});

test('what was confirmed is concluded', () => {
  for (const s of everySight) assert.equal(decide(s, ...toConfirm, { kind: 'confirmed' }).act, 'conclude');
});

test('a run that had failed goes back for its own reason', () => {
  const failed = [...toObserved, begin('test'), end('test', 'tests failed: T02')];
  for (const s of everySight) {
    const wanted = { act: 'go_back', reason: 'tests failed: T02', ran: true, blame: true };
    assert.deepEqual(decide(s, ...failed), wanted);
    assert.deepEqual(decide(s, ...failed, begin('restore')), wanted);
    assert.deepEqual(decide(s, ...failed, begin('restore'), observed(old), end('restore')), wanted);
  }
  const early = [...toActivate, end('activate', 'exit 1'), observed(old), begin('restore')];
  assert.deepEqual(decide(seen(old), ...early), { act: 'go_back', reason: 'exit 1', ran: false, blame: true });
});

test('a recovery that is killed decides the same again', () => {
  const repaired = [...toActivate, end('activate', DIED), observed(old), begin('restore')];
  assert.equal(decide(seen(old), ...repaired).act, 'repair');
  assert.equal(decide(seen(null, old), ...repaired).act, 'repair');
  const back = [...toActivate, end('activate', DIED), observed(fresh), begin('restore')];
  const wanted = { act: 'go_back', reason: `${DIED} in activate`, ran: true, blame: false };
  for (const s of everySight) {
    assert.deepEqual(decide(s, ...back), wanted);
    assert.deepEqual(decide(s, ...back, end('restore', DIED), begin('restore')), wanted);
    assert.deepEqual(decide(s, ...back, observed(old), end('restore')), wanted);
  }
});

test('a restart that was asked for is seen through', () => {
  assert.equal(decide(seen(old), started, begin('restart')).act, 'restart');
});

test('no journal of any shape makes recovery touch a host that has no intent, or forget one that has', () => {
  const steps: EntryBody[] = [
    started,
    intent,
    begin('build'),
    begin('activate'),
    begin('observe'),
    begin('confirm'),
    begin('restore'),
    end('activate', 'no'),
    end('activate', DIED),
    end('confirm'),
    observed(fresh),
    observed(old),
  ];
  const bodies = fc.array(fc.constantFrom(...steps), { maxLength: 14 });
  fc.assert(
    fc.property(bodies, fc.constantFrom(...everySight), (entries, s) => {
      const { act } = decide(s, ...entries);
      const intended = entries.includes(intent);
      if (!intended) assert.equal(act, 'interrupt');
      else if (!(s.running === old && s.profile === old)) assert.notEqual(act, 'interrupt');
    }),
    { numRuns: 2000 },
  );
});
