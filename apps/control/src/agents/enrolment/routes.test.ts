import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Enrolled } from '@nixfleet/contract/agent.ts';
import { Host, RotatedToken } from '@nixfleet/contract/hosts.ts';
import type { Answer } from '../../testing/client.ts';
import { BOOTSTRAP_TOKEN, makeWorld, type World } from '../../testing/world.ts';
import { enrolHost, hostWith, identityOf, makeKey, signedEnrolment } from '../testing/host.ts';

const send = (world: World, body: unknown, token = BOOTSTRAP_TOKEN): Promise<Answer> =>
  world.bearer(token).post('/api/agent/enrol', body);

test('the same key gets the same host back, with a fresh token', async (t) => {
  const world = await makeWorld(t);
  const first = await enrolHost(world, 'web1');
  const again = (await send(world, signedEnrolment(first.key, identityOf('web1-new')))).json(Enrolled);
  assert.deepEqual([again.hostId, again.name], [first.id, 'web1']);
  assert.notEqual(again.token, first.token);
  assert.equal((await hostWith(world, { ...first, token: again.token }).checkIn()).orders.length, 0);
});

test('a signature counts for its key, its name and its nonce, once', async (t) => {
  const world = await makeWorld(t);
  const key = makeKey();
  const body = signedEnrolment(key, identityOf('web1'));
  for (const forged of [
    { ...body, publicKey: makeKey().publicKey },
    { ...body, identity: identityOf('web2') },
    { ...body, nonce: 'n'.repeat(30) },
  ])
    assert.equal((await send(world, forged)).problem().code, 'host_key_mismatch');
  assert.equal((await send(world, body)).status, 200);
  assert.equal((await send(world, body)).problem().code, 'bad_request');
});

test('a name that an enrolled machine has is refused to every other key', async (t) => {
  const world = await makeWorld(t);
  await enrolHost(world, 'web1');
  const problem = (await send(world, signedEnrolment(makeKey(), identityOf('WEB1'.toLowerCase())))).problem();
  assert.equal(problem.code, 'host_name_taken');
  assert.match(problem.next ?? '', /another name, or retire web1/);
});

test('a host that was only made known, or has a v1 agent, is taken over with its history', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  const known = (await operator.post('/api/hosts', { hostname: 'web1', comment: 'in the cellar' })).json(Host);
  const host = await enrolHost(world, 'web1');
  assert.equal(host.id, known.id);
  assert.equal((await operator.get('/api/hosts/web1')).json(Host).comment, 'in the cellar');
  await world.bearer(BOOTSTRAP_TOKEN).post('/api/hosts/old1/register', { hostname: 'old1', host_type: 'nixos' });
  const old = (await operator.get('/api/hosts/old1')).json(Host);
  assert.equal(old.agentKind, 'legacy');
  await operator.post('/api/hosts/old1/command', { command: 'pull' });
  const taken = await enrolHost(world, 'old1');
  const after = (await operator.get('/api/hosts/old1')).json(Host);
  assert.deepEqual([taken.id, after.agentKind, after.queued, after.lastRun?.state], [old.id, 'native', 0, 'cancelled']);
});

test('a token made for one host enrols that host and no other', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  const known = (await operator.post('/api/hosts', { hostname: 'web1' })).json(Host);
  const { agent_token } = (await operator.post('/api/hosts/web1/agent-token', {})).json(RotatedToken);
  const key = makeKey();
  const enrolled = (await send(world, signedEnrolment(key, identityOf('other-name')), agent_token)).json(Enrolled);
  assert.deepEqual([enrolled.hostId, enrolled.name], [known.id, 'web1']);
  assert.equal(
    (await send(world, signedEnrolment(makeKey(), identityOf('x')), enrolled.token)).problem().code,
    'host_key_mismatch',
  );
});

test('a retired key is refused, its name is free', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  const host = await enrolHost(world, 'web1');
  assert.equal((await operator.delete('/api/hosts/web1')).status, 200);
  assert.equal((await host.client.post('/api/agent/checkin', { protocol: 2 })).status, 401);
  assert.equal((await send(world, signedEnrolment(host.key, identityOf('web1')))).problem().code, 'host_retired');
  assert.notEqual((await enrolHost(world, 'web1')).id, host.id);
});

test('strangers, bad shapes and protocols of the past are refused with a clear problem', async (t) => {
  const world = await makeWorld(t);
  const body = signedEnrolment(makeKey(), identityOf('web1'));
  assert.equal((await send(world, body, 'wrong')).status, 401);
  assert.equal((await world.stranger.post('/api/agent/enrol', body)).status, 401);
  assert.equal((await send(world, { ...body, protocol: 0 })).problem().code, 'invalid');
  assert.equal((await send(world, { ...body, publicKey: 'x' })).problem().code, 'invalid');
  for (const hostname of ['../etc', 'a b', '-x', '', 'x'.repeat(64), 'a\n', '1x'])
    assert.equal(
      (await send(world, { ...body, identity: { ...body.identity, hostname } })).problem().code,
      'invalid',
      hostname,
    );
});
