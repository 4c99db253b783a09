import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test, type TestContext } from 'node:test';
import { CheckedIn, Enrolled } from '@nixfleet/contract/agent.ts';
import { Host, RotatedToken } from '@nixfleet/contract/hosts.ts';
import { CreatedRuns } from '@nixfleet/contract/runs.ts';
import { flushHeartbeats } from '../../hosts/heartbeats/service.ts';
import type { Client } from '../../testing/client.ts';
import { until } from '../../testing/until.ts';
import { BOOTSTRAP_TOKEN, makeWorld, type World } from '../../testing/world.ts';
import {
  enrolHost,
  hostWith,
  identityOf,
  makeKey,
  sampleClosure,
  sampleCommit,
  signedEnrolment,
  started,
  type TestHost,
} from '../testing/host.ts';

const ask = async (operator: Client, host: string, verb = 'restart'): Promise<string> =>
  (await operator.post('/api/runs', { verb, hosts: [host] })).json(CreatedRuns).results[0]?.run?.id ?? '';

const isHeld = (world: World, host: TestHost) =>
  until('the check-in is held', () =>
    world.ctx.bus.waiting > 0 && world.ctx.presence.find(host.id)?.hold ? true : undefined,
  );

/** Counts the queries of this database from now on. */
function spyOnQueries(t: TestContext, world: World) {
  const executor = Object.getPrototypeOf(Object.getPrototypeOf(world.ctx.db.getExecutor())) as {
    executeQuery: (...a: unknown[]) => unknown;
  };
  const { executeQuery } = executor;
  return t.mock.method(executor, 'executeQuery', function counted(this: unknown, ...a: unknown[]) {
    return Reflect.apply(executeQuery, this, a);
  }).mock;
}

test('a held check-in is answered as soon as there is something to do', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  const host = await enrolHost(world, 'web1');
  const held = host.checkIn({ waitMs: 20_000 });
  await isHeld(world, host);
  const id = await ask(operator, 'web1');
  assert.deepEqual(
    (await held).orders.map((o) => o.id),
    [id],
  );
});

test('a check-in with nothing to say and nothing to hear costs no query', async (t) => {
  const world = await makeWorld(t);
  const host = await enrolHost(world, 'web1');
  await host.checkIn();
  await host.checkIn();
  const spy = spyOnQueries(t, world);
  assert.deepEqual((await host.checkIn()).orders, []);
  assert.equal(spy.callCount(), 0);
  await host.checkIn({ instance: 'two' });
  assert.ok(spy.callCount() > 0);
});

test('a newer check-in ends the one that is held', async (t) => {
  const world = await makeWorld(t);
  const host = await enrolHost(world, 'web1');
  const first = host.checkIn({ waitMs: 50_000 });
  await isHeld(world, host);
  const second = host.checkIn({ waitMs: 0 });
  assert.deepEqual([(await first).orders, (await second).orders], [[], []]);
});

test('when the host hangs up, nothing waits for it any more', async (t) => {
  const world = await makeWorld(t);
  const host = await enrolHost(world, 'web1');
  const origin = await world.listen();
  const body = JSON.stringify({ protocol: 2, instance: 'one', waitMs: 50_000 });
  const headers = { ...host.client.headers, 'content-type': 'application/json' };
  const call = request(`${origin}/api/agent/checkin`, { method: 'POST', headers });
  call.on('error', () => {
    // Hanging up is what this test does.
  });
  call.end(body);
  await isHeld(world, host);
  call.destroy();
  await until('the hold is over', () => (world.ctx.presence.find(host.id)?.hold === undefined ? true : undefined));
});

test('what was just said is not said at once again', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  const host = await enrolHost(world, 'web1');
  const id = await ask(operator, 'web1');
  await host.checkIn();
  await operator.post(`/api/runs/${id}/cancel`);
  const held = [{ id, next: 0 }];
  assert.deepEqual((await host.checkIn({ held, waitMs: 50_000 })).cancel, [id]);
  const second = host.checkIn({ held, waitMs: 50_000 });
  await isHeld(world, host);
  world.clock.advance(6000);
  await host.append(id, 0, [started]);
  assert.deepEqual((await second).cancel, [id]);
});

test('facts replace their section, with the time they were true', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  const host = await enrolHost(world, 'web1');
  const system = {
    osName: 'NixOS',
    osVersion: '26.05',
    kernel: null,
    nixpkgs: null,
    bootId: null,
    running: sampleClosure(1),
    booted: null,
    profile: null,
    generation: 7,
    commit: sampleCommit(1),
    rebootNeeded: false,
    generations: [],
  };
  await host.checkIn({ facts: { system: { ageMs: 4000, value: system } } });
  await host.checkIn({
    facts: { metrics: { ageMs: 0, value: { cpu: 5, ram: 6, swap: 0, load: 1, source: 'native' } } },
  });
  await flushHeartbeats(world.ctx, { held: false });
  const { facts } = (await operator.get('/api/hosts/web1')).json(Host);
  assert.deepEqual(facts.system, { observedAt: world.clock.now - 4000, value: system });
  assert.equal(facts.metrics?.value.cpu, 5);
  assert.equal(facts.config, undefined);
});

test('an agent one protocol older works, one older than that is told so', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  const key = makeKey();
  const enrolled = (
    await world
      .bearer(BOOTSTRAP_TOKEN)
      .post('/api/agent/enrol', { ...signedEnrolment(key, identityOf('old1')), protocol: 1 })
  ).json(Enrolled);
  const host = hostWith(world, { id: enrolled.hostId, name: enrolled.name, token: enrolled.token, key });
  const id = await ask(operator, 'old1');
  // Protocol 1 knows no `instance`.
  const answer = (await host.client.post('/api/agent/checkin', { protocol: 1, waitMs: 0, held: [] })).json(CheckedIn);
  assert.deepEqual(
    answer.orders.map((o) => o.id),
    [id],
  );
  assert.equal((await host.client.post('/api/agent/checkin', { protocol: 0 })).status, 422);
  assert.equal((await operator.get('/api/hosts/old1')).json(Host).protocol, 1);
});

test('a newer agent is welcome, and verbs we do not know are not kept', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  const host = await enrolHost(world, 'new1', { capabilities: ['pull', 'levitate'] });
  const says = { protocol: 99, identity: identityOf('new1', { capabilities: ['plan', 'dance'] }) };
  assert.equal((await host.client.post('/api/agent/checkin', { ...says, waitMs: 0, mood: 'good' })).status, 200);
  assert.deepEqual((await operator.get('/api/hosts/new1')).json(Host).capabilities, ['plan']);
});

test('a token rotated while the host is away works until the host has taken up the next', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  const host = await enrolHost(world, 'web1');
  await host.checkIn();
  world.clock.advance(3_600_000);
  await operator.post('/api/hosts/web1/agent-token', {});
  const { token } = await host.checkIn({ waitMs: 30_000 });
  assert.ok(token);
  // The answer may be lost: asking again gives the same one.
  assert.equal((await host.checkIn({ waitMs: 0 })).token, token);
  const next = hostWith(world, { ...host, token });
  assert.equal((await next.checkIn()).token, undefined);
  assert.equal((await host.client.post('/api/agent/checkin', { protocol: 2 })).status, 401);
});

test('a rotation reaches a held check-in, and a revocation ends it', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  const host = await enrolHost(world, 'web1');
  await host.checkIn();
  const held = host.checkIn({ waitMs: 50_000 });
  await isHeld(world, host);
  await operator.post('/api/hosts/web1/agent-token', {});
  const { token } = await held;
  assert.ok(token);
  const next = hostWith(world, { ...host, token });
  await next.checkIn();
  const again = next.client.post('/api/agent/checkin', { protocol: 2, instance: 'one', waitMs: 50_000 });
  await isHeld(world, host);
  const made = (await operator.post('/api/hosts/web1/agent-token', { revoke: true })).json(RotatedToken);
  assert.equal((await again).status, 401);
  assert.equal((await hostWith(world, { ...host, token: made.agent_token }).checkIn()).orders.length, 0);
});

test('two hundred hosts behind one address all check in', async (t) => {
  const world = await makeWorld(t);
  const hosts = [];
  for (let n = 0; n < 200; n += 1) {
    const key = makeKey();
    // Enrolment is limited by address, as strangers are; these came over the last hour.
    const enrolled = await world
      .bearer(BOOTSTRAP_TOKEN, `10.0.0.${n}`)
      .post('/api/agent/enrol', signedEnrolment(key, identityOf(`host${n}`)));
    const { token, hostId: id } = JSON.parse(enrolled.text) as { token: string; hostId: string };
    hosts.push({ id, client: world.bearer(token, '203.0.113.7') });
  }
  for (let round = 0; round < 5; round += 1)
    for (const { client } of hosts)
      assert.equal((await client.post('/api/agent/checkin', { protocol: 2, instance: 'one', waitMs: 0 })).status, 200);
});
