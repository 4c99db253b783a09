import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreatedRuns, type Run, Run as RunShape, RunPage } from '@nixfleet/contract/runs.ts';
import { enrolHost, ended, sampleCommit, started } from '../agents/testing/host.ts';
import type { Client } from '../testing/client.ts';
import { makeWorld, type World } from '../testing/world.ts';
import { expireRuns } from './service.ts';

const ask = async (operator: Client, body: object): Promise<CreatedRuns['results']> => {
  const answer = await operator.post('/api/runs', body);
  assert.equal(answer.status, 200, answer.text);
  return answer.json(CreatedRuns).results;
};

const askOne = async (operator: Client, verb: string, host: string, more: object = {}): Promise<Run> => {
  const [result] = await ask(operator, { verb, hosts: [host], ...more });
  assert.ok(result?.run, JSON.stringify(result));
  return result.run;
};

const getRun = async (operator: Client, id: string): Promise<Run> =>
  (await operator.get(`/api/runs/${id}`)).json(RunShape);

async function addTarget(world: World, head: string, url = 'https://example.org/fleet'): Promise<void> {
  const id = world.ctx.newId('target');
  const at = world.clock.now;
  await world.ctx.db
    .insertInto('targets')
    .values({ id, name: 'main', url, branch: 'main', head, fetched_at: at, error: null, created_at: at })
    .execute();
  const commit = {
    target_id: id,
    commit: head,
    position: 0,
    subject: 'greet',
    author: 'a',
    at,
    signature: 'unsigned',
    signer: null,
  };
  await world.ctx.db.insertInto('commits').values(commit).execute();
}

test('one request asks many hosts, and one bad host does not spoil the others', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  await enrolHost(world, 'web1');
  await enrolHost(world, 'db1', { capabilities: ['pull'] });
  const results = await ask(operator, { verb: 'restart', hosts: ['web1', 'nobody', 'db1'] });
  assert.deepEqual(
    results.map((r) => [r.host, r.run?.state ?? r.problem?.code]),
    [
      ['web1', 'queued'],
      ['nobody', 'host_not_found'],
      ['db1', 'verb_unsupported'],
    ],
  );
  assert.deepEqual(
    (await ask(operator, { verb: 'pull', all: true })).map((r) => r.problem?.code),
    ['no_target', 'no_target'],
  );
});

test('the commit is pinned when the run is made', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  const [head, other] = [sampleCommit(1), sampleCommit(2)];
  await addTarget(world, head);
  const host = await enrolHost(world, 'web1');
  const run = await askOne(operator, 'pull-switch', 'web1');
  assert.deepEqual([run.target?.commit, run.target?.subject], [head, 'greet']);
  await world.ctx.db.updateTable('targets').set({ head: other }).execute();
  const { orders } = await host.checkIn();
  assert.equal(orders[0]?.target?.commit, head);
  const [unknown] = await ask(operator, { verb: 'plan', hosts: ['web1'], args: { commit: sampleCommit(9) } });
  assert.equal(unknown?.problem?.code, 'invalid');
  const [switched] = await ask(operator, { verb: 'switch', hosts: ['web1'] });
  assert.equal(switched?.problem?.code, 'not_pulled');
  await host.checkIn({ facts: { config: { ageMs: 0, value: { commit: other, pulledAt: 1 } } } });
  assert.equal((await askOne(operator, 'switch', 'web1')).target?.commit, other);
});

test('the password in a repository’s URL reaches the host, and no operator', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  await addTarget(world, sampleCommit(1), 'https://fetcher:secret-word@example.org/fleet');
  const host = await enrolHost(world, 'web1');
  const run = await askOne(operator, 'pull', 'web1');
  assert.equal(run.target?.repository, 'https://fetcher:***@example.org/fleet');
  const { orders } = await host.checkIn();
  assert.match(orders[0]?.target?.repository ?? '', /secret-word/);
});

test('two operators who click at once get one run, unless something stands between', async (t) => {
  const world = await makeWorld(t);
  const [one, two] = [await world.operator(), await world.operator()];
  await enrolHost(world, 'web1');
  const [a, b] = await Promise.all([askOne(one, 'restart', 'web1'), askOne(two, 'restart', 'web1')]);
  assert.equal(a.id, b.id);
  await askOne(one, 'rollback', 'web1');
  const third = await askOne(one, 'restart', 'web1');
  assert.notEqual(third.id, a.id);
  assert.notEqual((await askOne(one, 'restart', 'web1', { expiresInMs: 5000 })).id, a.id);
});

test('options that a verb does not know, and a body that says nothing, are refused', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  await enrolHost(world, 'web1');
  const [result] = await ask(operator, { verb: 'restart', hosts: ['web1'], args: { generation: 3 } });
  assert.deepEqual(
    result?.problem?.issues?.map((i) => i.path),
    ['body.args.generation'],
  );
  for (const body of [
    { verb: 'restart' },
    { verb: 'dance', all: true },
    { verb: 'pull', hosts: ['../x'] },
    { verb: 'pull', all: true, hosts: ['a'] },
  ])
    assert.equal((await operator.post('/api/runs', body)).problem().code, 'invalid');
});

test('a queue is bounded', async (t) => {
  const world = await makeWorld(t, { config: { maxQueued: 2 } });
  const operator = await world.operator();
  await enrolHost(world, 'web1');
  await askOne(operator, 'restart', 'web1');
  await askOne(operator, 'rollback', 'web1');
  const [third] = await ask(operator, { verb: 'restart', hosts: ['web1'] });
  assert.equal(third?.problem?.code, 'queue_full');
});

test('runs of a host are executed in the order they were asked for, one at a time, though the clock goes back', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  const host = await enrolHost(world, 'web1');
  const asked = [];
  for (const verb of ['restart', 'rollback', 'restart', 'rollback']) {
    asked.push((await askOne(operator, verb, 'web1')).id);
    world.clock.advance(-3_600_000);
  }
  const done = [];
  for (const _ of asked) {
    const { orders } = await host.checkIn();
    assert.equal(orders.length, 1);
    const id = orders[0]?.id ?? '';
    done.push(id);
    assert.deepEqual((await host.checkIn({ held: [{ id, next: 0 }] })).orders, []);
    await host.append(id, 0, [started, ended('succeeded')]);
  }
  assert.deepEqual(done, asked);
});

test('cancelling: a waiting run ends at once, one on the host is stopped there, an ended one is refused', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  const host = await enrolHost(world, 'web1');
  const first = await askOne(operator, 'restart', 'web1');
  const second = await askOne(operator, 'rollback', 'web1');
  assert.equal((await operator.post(`/api/runs/${second.id}/cancel`)).json(RunShape).state, 'cancelled');
  await host.checkIn();
  const asked = (await operator.post(`/api/runs/${first.id}/cancel`)).json(RunShape);
  assert.deepEqual([asked.state, asked.cancelRequestedAt], ['offered', world.clock.now]);
  assert.deepEqual((await host.checkIn({ held: [{ id: first.id, next: 0 }] })).cancel, [first.id]);
  await host.append(first.id, 0, [started, ended('cancelled')]);
  assert.equal((await getRun(operator, first.id)).state, 'cancelled');
  assert.equal((await operator.post(`/api/runs/${first.id}/cancel`)).problem().code, 'run_ended');
});

test('after activate a cancel is refused with what to do, and a cancelled run is not confirmed', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  const host = await enrolHost(world, 'web1');
  const run = await askOne(operator, 'rollback', 'web1');
  await host.checkIn();
  await host.append(run.id, 0, [started]);
  await operator.post(`/api/runs/${run.id}/cancel`);
  await host.append(run.id, 1, [{ kind: 'phase_started', phase: 'activate' }]);
  const late = (await operator.post(`/api/runs/${run.id}/cancel`)).problem();
  assert.deepEqual([late.code, late.title], ['cancel_too_late', 'activate has begun; roll back instead']);
  const running = { running: `/nix/store/${'0'.repeat(32)}-x` };
  assert.equal(
    (await host.client.post(`/api/agent/runs/${run.id}/confirm`, running)).problem().code,
    'confirm_refused',
  );
});

test('a queued run expires after its time, one the host may have does not', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  const host = await enrolHost(world, 'web1');
  const first = await askOne(operator, 'restart', 'web1', { expiresInMs: 10_000 });
  const second = await askOne(operator, 'rollback', 'web1', { expiresInMs: 10_000 });
  await host.checkIn();
  world.clock.advance(100_000);
  await expireRuns(world.ctx);
  assert.equal((await getRun(operator, second.id)).state, 'expired');
  assert.equal((await getRun(operator, first.id)).state, 'offered');
  await host.append(first.id, 0, [started, ended('succeeded')]);
  assert.equal((await getRun(operator, first.id)).state, 'succeeded');
});

test('an answer that was lost is given again when its lease is over', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  const host = await enrolHost(world, 'web1');
  const run = await askOne(operator, 'restart', 'web1');
  await host.checkIn();
  assert.deepEqual((await host.checkIn()).orders, []);
  world.clock.advance(world.ctx.config.leaseMs);
  assert.deepEqual(
    (await host.checkIn()).orders.map((o) => o.id),
    [run.id],
  );
  assert.equal((await getRun(operator, run.id)).attempt, 2);
});

test('a clock that jumps an hour either way loses no lease for long and hands nothing over twice at once', async (t) => {
  for (const jump of [3_600_000, -3_600_000]) {
    const world = await makeWorld(t);
    const operator = await world.operator();
    const host = await enrolHost(world, 'web1');
    const run = await askOne(operator, 'restart', 'web1');
    await host.checkIn();
    world.clock.advance(jump);
    const held = [{ id: run.id, next: 0 }];
    assert.deepEqual((await host.checkIn({ held })).orders, []);
    await host.append(run.id, 0, [started]);
    assert.deepEqual((await host.checkIn({ held })).orders, []);
    await host.append(run.id, 1, [ended('succeeded')]);
    assert.equal((await getRun(operator, run.id)).state, 'succeeded');
    const next = await askOne(operator, 'restart', 'web1');
    assert.deepEqual(
      (await host.checkIn()).orders.map((o) => o.id),
      [next.id],
    );
  }
});

test('a run the host no longer has ends as interrupted, and what it sends later changes nothing', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  const host = await enrolHost(world, 'web1');
  const run = await askOne(operator, 'restart', 'web1');
  await host.checkIn();
  await host.append(run.id, 0, [started]);
  await host.checkIn();
  assert.equal((await getRun(operator, run.id)).state, 'running');
  world.clock.advance(world.ctx.config.leaseMs);
  await host.checkIn();
  const lost = await getRun(operator, run.id);
  assert.deepEqual([lost.state, lost.reason], ['interrupted', 'the host no longer has this run; nothing was changed']);
  // It comes back after all, as from a restored snapshot: it is asked to stop, and its word is kept.
  assert.deepEqual((await host.checkIn({ held: [{ id: run.id, next: 2 }] })).cancel, [run.id]);
  assert.deepEqual(await host.append(run.id, 1, [ended('succeeded')]), { next: 2, ended: true });
  const after = await getRun(operator, run.id);
  assert.deepEqual([after.state, after.reason, after.journalNext], [lost.state, lost.reason, 2]);
  assert.deepEqual((await host.checkIn({ held: [{ id: run.id, next: 2 }] })).settled, [run.id]);
});

test('runs are listed newest first, page by page, by host, state and verb', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  await enrolHost(world, 'web1');
  await enrolHost(world, 'db1');
  const made: string[] = [];
  for (const [verb, host] of [
    ['restart', 'web1'],
    ['rollback', 'web1'],
    ['restart', 'db1'],
  ] as const)
    made.unshift((await askOne(operator, verb, host)).id);
  const list = async (query: string): Promise<RunPage> => (await operator.get(`/api/runs?${query}`)).json(RunPage);
  const first = await list('limit=2');
  const second = await list(`limit=2&after=${first.next}`);
  assert.deepEqual(
    [...first.runs, ...second.runs].map((r) => r.id),
    made,
  );
  assert.equal(second.next, undefined);
  assert.equal((await list('host=web1')).runs.length, 2);
  assert.equal((await list('verb=rollback&live=true')).runs.length, 1);
  assert.equal((await list('state=succeeded')).runs.length, 0);
  assert.equal((await operator.get('/api/runs?after=!!')).problem().code, 'invalid');
  assert.equal((await operator.get(`/api/runs/${world.ctx.newId('run')}`)).problem().code, 'run_not_found');
});
