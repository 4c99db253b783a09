// The one path to know: enrol, ask, check in, journal, outcome.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreatedRuns, Run } from '@nixfleet/contract/runs.ts';
import { makeWorld } from '../testing/world.ts';
import { ended, enrolHost, started } from './testing/host.ts';

test('a run travels from a click to its outcome', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  const host = await enrolHost(world, 'web1');
  const { results } = (await operator.post('/api/runs', { verb: 'restart', hosts: ['web1'] })).json(CreatedRuns);
  const run = results[0]?.run;
  assert.ok(run);
  assert.equal(run.state, 'queued');
  const { orders } = await host.checkIn();
  assert.deepEqual(
    orders.map((o) => [o.id, o.verb]),
    [[run.id, 'restart']],
  );
  assert.deepEqual(await host.append(run.id, 0, [started, { kind: 'phase_started', phase: 'restart' }]), {
    next: 2,
    ended: false,
  });
  assert.equal((await operator.get(`/api/runs/${run.id}`)).json(Run).state, 'running');
  assert.deepEqual(await host.append(run.id, 2, [ended('succeeded')]), { next: 3, ended: true });
  const last = (await operator.get(`/api/runs/${run.id}`)).json(Run);
  assert.equal(last.state, 'succeeded');
  assert.equal(last.finishedAt, world.clock.now);
});
