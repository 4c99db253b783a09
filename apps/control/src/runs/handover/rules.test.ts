import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LiveRun } from '../rules.ts';
import { handOver, type Heard } from './rules.ts';

const LEASE = 60_000;
const NOW = 1_000_000;
type Run = LiveRun & { attempt: number };

const run = (id: string, change: Partial<Run> = {}): Run => ({
  id,
  state: 'queued',
  verb: 'pull-switch',
  changed: false,
  leaseUntil: null,
  startedAt: null,
  expiresAt: NOW + 1_000_000,
  cancelRequestedAt: null,
  attempt: 0,
  ...change,
});
const offered = (id: string, change: Partial<Run> = {}): Run =>
  run(id, { state: 'offered', leaseUntil: NOW + LEASE, attempt: 1, ...change });
const running = (id: string, change: Partial<Run> = {}): Run =>
  offered(id, { state: 'running', startedAt: NOW, ...change });
const over = { leaseUntil: NOW - 1 };

const hear = (held: string[] = [], change: Partial<Heard> = {}): Heard => ({
  held: new Set(held),
  complete: true,
  now: NOW,
  leaseMs: LEASE,
  missingSince: () => undefined,
  ...change,
});

test('the oldest waiting run is handed over, one at a time', () => {
  assert.equal(handOver([run('a'), run('b')], hear()).offer, 'a');
  assert.equal(handOver([offered('a'), run('b')], hear()).offer, null);
  assert.equal(handOver([running('a'), run('b')], hear(['a'])).offer, null);
  assert.equal(handOver([], hear()).offer, null);
});

test('an offered run is handed over again only when its lease is over and the host does not hold it', () => {
  assert.equal(handOver([offered('a')], hear()).offer, null);
  assert.equal(handOver([offered('a')], hear()).againAt, NOW + LEASE);
  assert.equal(handOver([offered('a', over)], hear()).offer, 'a');
  assert.equal(handOver([offered('a', over)], hear([], { complete: false })).offer, null);
  const held = handOver([offered('a', over)], hear(['a']));
  assert.deepEqual([held.offer, held.extend], [null, ['a']]);
});

test('a lease is extended when half of it is gone, not at every word', () => {
  assert.deepEqual(handOver([running('a')], hear(['a'])).extend, []);
  assert.deepEqual(handOver([running('a', { leaseUntil: NOW + LEASE / 2 - 1 })], hear(['a'])).extend, ['a']);
});

test('a cancelled run is stopped where it is, or ends where it never began', () => {
  const cancelled = { cancelRequestedAt: NOW };
  assert.deepEqual(handOver([offered('a', cancelled)], hear(['a'])).cancel, ['a']);
  assert.deepEqual(handOver([running('a', cancelled)], hear(['a'])).cancel, ['a']);
  assert.deepEqual(handOver([running('a', { ...cancelled, changed: true })], hear(['a'])).cancel, []);
  const early = handOver([offered('a', cancelled), run('b')], hear());
  assert.deepEqual([early.ends, early.offer], [[], null]);
  const never = handOver([offered('a', { ...cancelled, ...over }), run('b')], hear());
  assert.deepEqual([never.ends.map((e) => [e.id, e.outcome]), never.offer], [[['a', 'cancelled']], 'b']);
});

test('a run expires where it waits, and where its host never began it', () => {
  const late = { expiresAt: NOW };
  const waiting = handOver([run('a', late), run('b')], hear());
  assert.deepEqual([waiting.ends.map((e) => e.outcome), waiting.offer], [['expired'], 'b']);
  assert.deepEqual(
    handOver([offered('a', { ...late, ...over })], hear()).ends.map((e) => e.outcome),
    ['expired'],
  );
  assert.deepEqual(handOver([offered('a', late)], hear()).ends, []);
  assert.deepEqual(handOver([running('a', { ...late, ...over })], hear(['a'])).ends, []);
});

test('a running run is lost only after a second complete word without it, a lease apart', () => {
  const first = handOver([running('a', over), run('b')], hear());
  assert.deepEqual([first.ends, first.missing, first.offer], [[], ['a'], null]);
  const since = (at: number) => ({ missingSince: () => at });
  assert.deepEqual(handOver([running('a')], hear([], since(NOW - LEASE + 1))).ends, []);
  assert.deepEqual(handOver([running('a')], hear([], { ...since(NOW - LEASE), complete: false })).ends, []);
  assert.deepEqual(handOver([running('a')], hear([], since(NOW + LEASE))).ends, []);
  const lost = handOver([running('a'), run('b')], hear([], since(NOW - LEASE)));
  assert.deepEqual([lost.ends.map((e) => e.outcome), lost.offer], [['interrupted'], 'b']);
  const changed = handOver([running('a', { changed: true })], hear([], since(NOW - LEASE)));
  assert.deepEqual(
    changed.ends.map((e) => e.outcome),
    ['half_activated'],
  );
});

const anyRun = fc.record({
  state: fc.constantFrom('queued' as const, 'offered' as const, 'running' as const),
  changed: fc.boolean(),
  leaseUntil: fc.constantFrom(null, NOW - 1, NOW + 1, NOW + LEASE, NOW + 100 * LEASE),
  expiresAt: fc.constantFrom(NOW - 1, NOW + 1),
  cancelRequestedAt: fc.constantFrom(null, NOW),
  held: fc.boolean(),
  since: fc.constantFrom(undefined, NOW - LEASE, NOW - 1, NOW + 1),
});

test('whatever the mixture: at most one run is with the host, and nothing it holds ends or is handed over again', () => {
  fc.assert(
    fc.property(fc.array(anyRun, { maxLength: 6 }), fc.boolean(), (all, complete) => {
      const live = all.map((r, i) => run(`run${i}`, r));
      const held = new Set(live.filter((_, i) => all[i]?.held && all[i]?.state !== 'queued').map((r) => r.id));
      const plan = handOver(live, hear([], { held, complete, missingSince: (id) => all[Number(id.slice(3))]?.since }));
      const ended = new Set(plan.ends.map((e) => e.id));
      assert.equal(ended.size, plan.ends.length);
      for (const id of held) assert.ok(!ended.has(id) && plan.offer !== id);
      if (plan.offer !== null) {
        const offer = plan.offer;
        assert.ok(!ended.has(offer));
        const index = live.findIndex((r) => r.id === offer);
        // A first hand-over: the host has nothing else, and nothing that waits longer lives on.
        const first = live[index]?.state === 'queued';
        const after = (r: Run, i: number): boolean => i >= index && r.state === 'queued';
        if (first) assert.ok(live.every((r, i) => ended.has(r.id) || after(r, i)));
      }
    }),
  );
});
