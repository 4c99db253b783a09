// Health is what an agent would find; the reconcilers and the counters are what an operator looks at next.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as z from 'zod';
import { Health, ReconcilerList } from '@nixfleet/contract/health.ts';
import { reconciler } from '@nixfleet/kit/reconciler.ts';
import { makeWorld } from '../testing/world.ts';

test('healthy is asked of the database at most every 5 s, and leaves nothing behind', async (t) => {
  const world = await makeWorld(t);
  const answers = await Promise.all(Array.from({ length: 20 }, () => world.stranger.get('/health')));
  for (const answer of answers) assert.deepEqual([answer.status, answer.json(Health).status], [200, 'healthy']);
  assert.deepEqual(await world.ctx.db.selectFrom('nonces').selectAll().execute(), []);
  await world.ctx.db.destroy();
  assert.equal((await world.stranger.get('/health')).status, 200);
  world.clock.advance(5000);
  const gone = await world.stranger.get('/health');
  assert.deepEqual([gone.status, gone.json(Health).status], [503, 'unhealthy']);
});

// Waits for the probe's own deadline, 5 s.
test('a process that wakes nobody is not healthy, however well its database is', async (t) => {
  const world = await makeWorld(t);
  world.ctx.bus.wake = () => {};
  assert.equal((await world.stranger.get('/health')).status, 503);
});

test('reconcilers show their last outcome', async (t) => {
  const world = await makeWorld(t);
  const failing = reconciler({
    name: 'failing',
    everyMs: 60_000,
    now: world.ctx.now,
    run: () => Promise.reject(new Error('no such table')),
  });
  world.ctx.reconcilers.push(failing);
  await failing.activate();
  const { reconcilers } = (await (await world.operator()).get('/api/reconcilers')).json(ReconcilerList);
  assert.deepEqual(
    reconcilers.map(({ name, error, runs }) => ({ name, error, runs })),
    [{ name: 'failing', error: 'no such table', runs: 1 }],
  );
});

test('the counters have v1’s names', async (t) => {
  const world = await makeWorld(t, { config: { gitHash: '0123456789abcdef' } });
  await world.stranger.post('/api/agent/checkin', {});
  const operator = await world.operator();
  await operator.request('POST', '/api/tokens', { name: 'x' }, { 'x-csrf-token': 'wrong' });
  await world.stranger.request('GET', '/api/session', undefined, { cookie: 'nixfleet_session=v1.x.y' });
  const Snapshot = z.object({ build_hash: z.string(), metrics: z.record(z.string(), z.int()) });
  const { build_hash, metrics } = (await operator.get('/api/metrics')).json(Snapshot);
  assert.equal(build_hash, '0123456');
  assert.deepEqual(metrics, {
    rate_limit_exceeded: 0,
    csrf_failures: 1,
    agent_auth_failures: 1,
    invalid_signed_session_cookie: 1,
    sse_queue_drops: 0,
  });
});
