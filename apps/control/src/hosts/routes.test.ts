import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Host, HostPage } from '@nixfleet/contract/hosts.ts';
import { HostCommandQueued } from '@nixfleet/contract/legacy.ts';
import { CreatedRuns, Run, RunPage } from '@nixfleet/contract/runs.ts';
import { ended, enrolHost, started } from '../agents/testing/host.ts';
import type { Client } from '../testing/client.ts';
import { makeWorld } from '../testing/world.ts';
import { flushHeartbeats } from './heartbeats/service.ts';

const getHost = async (operator: Client, ref: string): Promise<Host> =>
  (await operator.get(`/api/hosts/${ref}`)).json(Host);
const list = async (operator: Client, query = ''): Promise<HostPage> =>
  (await operator.get(`/api/hosts?${query}`)).json(HostPage);

test('a host is found by its id and by its name in any case, and hostile names are refused', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  const { id } = await enrolHost(world, 'web1');
  for (const ref of [id, 'web1', 'WEB1']) assert.equal((await getHost(operator, ref)).id, id);
  assert.equal((await operator.get('/api/hosts/nobody')).problem().code, 'host_not_found');
  for (const ref of ['..%2f..%2fetc', 'a%00b', '%27%20or%201=1', '-x', 'x'.repeat(64), 'host_1']) {
    const problem = (await operator.get(`/api/hosts/${ref}`)).problem();
    assert.deepEqual([problem.code, problem.detail], ['host_name_invalid', 'Invalid host ID format'], ref);
  }
});

test('hosts are listed by name, page by page, by part of the name and by state', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  await operator.post('/api/hosts', { hostname: 'never1' });
  const web = await enrolHost(world, 'web1');
  await enrolHost(world, 'web2');
  await web.checkIn();
  await flushHeartbeats(world.ctx, { held: true });
  const first = await list(operator, 'limit=2');
  const second = await list(operator, `limit=2&after=${first.next}`);
  assert.deepEqual(
    [...first.hosts, ...second.hosts].map((h) => [h.name, h.state]),
    [
      ['never1', 'never_seen'],
      ['web1', 'online'],
      ['web2', 'never_seen'],
    ],
  );
  assert.equal(second.next, undefined);
  const names = async (query: string) => (await list(operator, query)).hosts.map((h) => h.name);
  assert.deepEqual(await names('search=EB2'), ['web2']);
  assert.deepEqual(await names('search=%25'), ['never1', 'web1', 'web2']);
  assert.deepEqual(await names('state=online'), ['web1']);
  assert.deepEqual(await names('state=never_seen'), ['never1', 'web2']);
  world.clock.advance(3_600_000);
  assert.deepEqual(await names('state=offline'), ['web1']);
  assert.equal((await getHost(operator, 'web1')).state, 'offline');
});

test('the operator’s word wins over the agent’s until it is taken back', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  await enrolHost(world, 'web1', { metadata: { location: 'work', comment: 'agent' } });
  const patched = (
    await operator.patch('/api/hosts/web1', { location: 'cloud', last_audit: '2026-01-01', theme_color: '#112233' })
  ).json(Host);
  assert.deepEqual(
    [patched.location, patched.comment, patched.lastAudit, patched.themeColor],
    ['cloud', 'agent', '2026-01-01', '#112233'],
  );
  assert.equal((await operator.patch('/api/hosts/web1', { location: null })).json(Host).location, 'work');
  for (const bad of [{ colour: 'red' }, { themeColor: 'red' }, { criticality: 'huge' }, { targetId: 'x' }])
    assert.equal((await operator.patch('/api/hosts/web1', bad)).problem().code, 'invalid', JSON.stringify(bad));
  const targetId = world.ctx.newId('target');
  assert.equal((await operator.patch('/api/hosts/web1', { targetId })).problem().code, 'target_not_found');
});

test('a host renamed with a run in flight keeps its run, its token and its history', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  const host = await enrolHost(world, 'web1');
  await enrolHost(world, 'db1');
  const run = (await operator.post('/api/runs', { verb: 'restart', hosts: ['web1'] })).json(CreatedRuns).results[0]
    ?.run;
  await host.checkIn();
  assert.equal((await operator.patch('/api/hosts/web1', { name: 'db1' })).problem().code, 'host_name_taken');
  assert.equal((await operator.patch('/api/hosts/web1', { name: 'www1' })).json(Host).run?.hostName, 'www1');
  await host.append(run?.id ?? '', 0, [started, ended('succeeded')]);
  assert.equal((await getHost(operator, 'www1')).lastRun?.id, run?.id);
  assert.equal((await operator.get('/api/hosts/web1')).status, 404);
  await enrolHost(world, 'web1');
  assert.equal((await operator.get('/api/runs?host=www1')).json(RunPage).runs.length, 1);
  assert.equal((await operator.get('/api/runs?host=web1')).json(RunPage).runs.length, 0);
});

test('retiring ends what lives, frees the name and keeps the history', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  const host = await enrolHost(world, 'web1');
  const ask = async (verb: string): Promise<string> =>
    (await operator.post('/api/runs', { verb, hosts: ['web1'] })).json(CreatedRuns).results[0]?.run?.id ?? '';
  const [running, waiting] = [await ask('restart'), await ask('rollback')];
  await host.checkIn();
  await host.append(running, 0, [started]);
  assert.deepEqual(JSON.parse((await operator.delete('/api/hosts/web1')).text), { status: 'deleted', host_id: 'web1' });
  const state = async (id: string) => (await operator.get(`/api/runs/${id}`)).json(Run).state;
  assert.deepEqual([await state(running), await state(waiting)], ['interrupted', 'cancelled']);
  assert.equal((await list(operator)).hosts.length, 0);
  assert.equal((await operator.delete('/api/hosts/web1')).problem().code, 'host_not_found');
  assert.equal((await operator.get(`/api/hosts/${host.id}`)).problem().code, 'host_retired');
  assert.equal((await operator.post('/api/hosts', { hostname: 'web1' })).status, 201);
});

test('v1’s command route queues a run, and stop cancels what can be cancelled', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  await enrolHost(world, 'web1');
  const command = (name: string) => operator.post('/api/hosts/web1/command', { command: name });
  const queued = (await command('restart')).json(HostCommandQueued);
  assert.deepEqual([queued.status, queued.command], ['queued', 'restart']);
  assert.equal((await getHost(operator, 'web1')).queued, 1);
  assert.deepEqual((await command('stop')).json(HostCommandQueued), {
    status: 'stopped',
    command: 'stop',
    runId: queued.runId,
  });
  assert.equal((await getHost(operator, 'web1')).lastRun?.state, 'cancelled');
  assert.equal((await command('pull')).problem().code, 'no_target');
  assert.equal((await command('dance')).problem().code, 'invalid');
  assert.equal(
    (await operator.post('/api/hosts/nobody/command', { command: 'stop' })).problem().code,
    'host_not_found',
  );
});

test('a host is online while it works though it says nothing else', async (t) => {
  const world = await makeWorld(t, { config: { leaseMs: 600_000 } });
  const operator = await world.operator();
  const host = await enrolHost(world, 'web1');
  await operator.post('/api/runs', { verb: 'restart', hosts: ['web1'] });
  await host.checkIn();
  world.clock.advance(500_000);
  assert.equal((await getHost(operator, 'web1')).state, 'online');
  world.clock.advance(200_000);
  assert.equal((await getHost(operator, 'web1')).state, 'offline');
});

test('when the clock jumps an hour either way, a host that lives is shown so at its next word', async (t) => {
  for (const jump of [3_600_000, -3_600_000]) {
    const world = await makeWorld(t);
    const operator = await world.operator();
    const [alive, dead] = [await enrolHost(world, 'alive'), await enrolHost(world, 'dead')];
    await alive.checkIn();
    await dead.checkIn();
    await flushHeartbeats(world.ctx, { held: false });
    world.clock.advance(jump);
    await alive.checkIn();
    await flushHeartbeats(world.ctx, { held: false });
    assert.equal((await getHost(operator, 'alive')).state, 'online');
    assert.equal((await getHost(operator, 'dead')).state, 'offline');
    assert.deepEqual(
      (await list(operator, 'state=online')).hosts.map((h) => h.name),
      ['alive'],
    );
  }
});

test('readers are told when a host comes and when it falls silent', async (t) => {
  const world = await makeWorld(t);
  const host = await enrolHost(world, 'web1');
  const said = async (): Promise<unknown[]> => {
    const rows = await world.ctx.db
      .selectFrom('events')
      .select('body')
      .where('name', '=', 'host_update')
      .orderBy('id')
      .execute();
    return rows.map((r) => (JSON.parse(r.body) as { online: unknown }).online);
  };
  await flushHeartbeats(world.ctx, { held: false });
  const before = (await said()).length;
  await host.checkIn();
  await flushHeartbeats(world.ctx, { held: false });
  await flushHeartbeats(world.ctx, { held: false });
  world.clock.advance(100_000);
  await flushHeartbeats(world.ctx, { held: false });
  await flushHeartbeats(world.ctx, { held: false });
  assert.deepEqual((await said()).slice(before), [true, false]);
});

test('a page of hosts costs the same few queries however many hosts there are', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  const proto = Object.getPrototypeOf(Object.getPrototypeOf(world.ctx.db.getExecutor())) as {
    executeQuery: (...a: unknown[]) => unknown;
  };
  const { executeQuery } = proto;
  const spy = t.mock.method(proto, 'executeQuery', function counted(this: unknown, ...a: unknown[]) {
    return Reflect.apply(executeQuery, this, a);
  }).mock;
  const cost = async (): Promise<number> => {
    spy.resetCalls();
    await list(operator, 'limit=100');
    return spy.callCount();
  };
  await enrolHost(world, 'web1');
  const one = await cost();
  for (let n = 0; n < 30; n += 1) await enrolHost(world, `db${n}`);
  await operator.post('/api/runs', { verb: 'restart', all: true });
  assert.ok((await cost()) <= one + 2);
});
