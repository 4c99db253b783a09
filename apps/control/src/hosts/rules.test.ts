import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Facts, SystemFact } from '@nixfleet/contract/facts.ts';
import type * as z from 'zod';
import { convergence, edit, hostState, metadata, type Running, silenceMs, targetOf } from './rules.ts';

const NOW = 1_800_000_000_000;
const INTERVAL = 30_000;
const quiet = { intervalMs: INTERVAL, held: false, leased: false };

test('a host is online for three intervals after it was heard, while it is held, and while it works', () => {
  const state = (lastSeenAt: number | null, more = {}) => hostState({ ...quiet, lastSeenAt, ...more }, NOW);
  assert.equal(state(NOW - silenceMs(INTERVAL)), 'online');
  assert.equal(state(NOW - silenceMs(INTERVAL) - 1), 'offline');
  assert.equal(state(0, { held: true }), 'online');
  assert.equal(state(0, { leased: true }), 'online');
  assert.equal(state(null), 'never_seen');
});

test('when the clock is set back, the living are online again within an interval and the dead do not stay', () => {
  const hour = 3_600_000;
  const seen = (lastSeenAt: number, now: number) => hostState({ ...quiet, lastSeenAt }, now);
  assert.equal(seen(NOW, NOW - hour), 'offline');
  assert.equal(seen(NOW - hour, NOW - hour), 'online');
});

test('a very short interval does not make a host flap', () => {
  assert.equal(hostState({ ...quiet, intervalMs: 1000, lastSeenAt: NOW - 25_000 }, NOW), 'online');
});

test('what an operator set wins until it is cleared, then the agent, then the default', () => {
  const edited = edit({}, { location: 'cloud', comment: 'mine' });
  assert.equal(metadata({ location: 'home', icon: 'x' }, edited).location, 'cloud');
  const cleared = edit(edited, { location: null });
  assert.deepEqual(cleared, { comment: 'mine' });
  assert.equal(metadata({ location: 'work' }, cleared).location, 'work');
  assert.equal(metadata({}, {}).location, 'home');
  assert.equal(metadata({ icon: 'x' }, {}).icon, 'x');
});

test('a host’s target is the one it was given, else its repository’s, else the oldest', () => {
  const [a, b] = [
    { id: 'a', name: 'a', url: 'https://example.org/fleet.git', head: null },
    { id: 'b', name: 'b', url: 'https://example.org/other', head: null },
  ];
  const of = (targetId: string | null, repository: string | null) =>
    targetOf({ targetId, repository }, [a, b]).target?.id;
  assert.equal(of('b', null), 'b');
  assert.equal(of(null, 'https://example.org/fleet'), 'a');
  assert.equal(of(null, 'https://example.org/unknown'), undefined);
  assert.equal(of('gone', null), 'a');
  assert.match(targetOf({ targetId: null, repository: null }, []).noTarget, /no target/);
});

const closure = (n: number): string => `/nix/store/${String(n).repeat(32)}-x`;
const [HEAD, OLD] = ['a'.repeat(40), 'b'.repeat(40)];
const system = (running: string | null, commit: string | null): Facts => ({
  system: { observedAt: NOW, value: { running, commit } as z.infer<typeof SystemFact> },
});
const at = (change: Partial<Running>) =>
  convergence({
    agentKind: 'native',
    target: { id: 'a', name: 'main', url: '/x', head: HEAD },
    noTarget: 'There is no target yet.',
    facts: {},
    headClosure: null,
    runningCommit: null,
    deployed: null,
    ...change,
  });

test('a host is current when it runs the closure of the newest commit, by whatever name', () => {
  assert.equal(at({ facts: system(closure(1), HEAD) }).status, 'current');
  assert.equal(at({ facts: system(closure(1), OLD), headClosure: closure(1) }).status, 'current');
  assert.equal(at({ facts: system(closure(1), null), runningCommit: HEAD }).status, 'current');
  assert.equal(at({ facts: system(closure(1), OLD), headClosure: closure(2) }).status, 'outdated');
  assert.equal(at({ facts: system(closure(1), null) }).status, 'outdated');
});

test('what is not known is said, never guessed', () => {
  assert.deepEqual([at({}).status, at({}).reason], ['unknown', 'The host has not said yet what it runs.']);
  assert.equal(at({ facts: system(null, null) }).status, 'unknown');
  assert.equal(at({ target: null }).reason, 'There is no target yet.');
  assert.match(at({ target: { id: 'a', name: 'main', url: '/x', head: null } }).reason, /not been fetched/);
});

test('of a v1 agent only its last successful switch counts, never the checkout it reports', () => {
  const legacy = { agentKind: 'legacy' as const, facts: system(null, HEAD) };
  assert.equal(at(legacy).status, 'unknown');
  assert.equal(at({ ...legacy, deployed: HEAD }).status, 'current');
  assert.equal(at({ ...legacy, deployed: OLD }).status, 'outdated');
});
