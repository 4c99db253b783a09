// The shared token and the tokens of v1 hosts: who may speak for which host.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Routes } from '../http/app-type.ts';
import { insertTestHost, mintTestToken } from '../testing/hosts.ts';
import { BOOTSTRAP_TOKEN, makeWorld, type World, type WorldOptions } from '../testing/world.ts';
import { endAgentTokens, pendingToken, rotateAgentToken } from './agent-tokens/service.ts';
import { transact } from '../context.ts';
import { callerOf } from './request.ts';

/** What a v1 heartbeat and an enrolment do about tokens, and nothing else. */
const tokenRoutes: Routes = (ctx) => (app) => {
  app.post('/test/hosts/:id/beat', { config: { access: 'legacy' } }, async (request) => {
    const caller = callerOf(request, 'legacy');
    return { hostId: caller.hostId, token: (await pendingToken(ctx, caller)) ?? null };
  });
  app.post('/test/enrol', { config: { access: 'bootstrap' } }, (request) => callerOf(request, 'bootstrap'));
};

const tokenWorld = (t: TestContext, options: WorldOptions = {}) =>
  makeWorld(t, { ...options, moreRoutes: [tokenRoutes] });

const beat = async (world: World, token: string, host: string) => {
  const answer = await world.bearer(token).post(`/test/hosts/${host}/beat`);
  return answer.status === 200 ? (JSON.parse(answer.text) as { hostId: string | null; token: string | null }) : null;
};

test('a v1 host gets a token of its own, the same one until it uses it, and then needs it', async (t) => {
  const world = await tokenWorld(t);
  const host = await insertTestHost(world.ctx, 'hsb1');
  const first = await beat(world, BOOTSTRAP_TOKEN, 'hsb1');
  const again = await beat(world, BOOTSTRAP_TOKEN, 'HSB1');
  assert.equal(first?.hostId, host.id);
  assert.equal(first?.token, again?.token);
  const own = first?.token ?? '';
  assert.deepEqual(await beat(world, own, 'hsb1'), { hostId: host.id, token: null });
  assert.equal(await beat(world, BOOTSTRAP_TOKEN, 'hsb1'), null, 'the shared token would impersonate it');
});

test('a token speaks for its own host alone, by name and by id', async (t) => {
  const world = await tokenWorld(t);
  const [one, two] = [await insertTestHost(world.ctx, 'one'), await insertTestHost(world.ctx, 'two')];
  const token = await mintTestToken(world.ctx, one.id);
  assert.equal((await beat(world, token, 'one'))?.hostId, one.id);
  assert.equal((await beat(world, token, one.id))?.hostId, one.id);
  assert.equal(await beat(world, token, two.name), null);
  assert.equal(await beat(world, token, two.id), null);
  assert.equal(await beat(world, token, 'unknown'), null);
});

test('the shared token opens no host that enrolled with a key', async (t) => {
  const world = await tokenWorld(t);
  await insertTestHost(world.ctx, 'native', { publicKey: 'A'.repeat(43) });
  assert.equal(await beat(world, BOOTSTRAP_TOKEN, 'native'), null);
});

test('revoking does not open the host to the shared token again', async (t) => {
  const world = await tokenWorld(t);
  const host = await insertTestHost(world.ctx, 'hsb1');
  const own = (await beat(world, BOOTSTRAP_TOKEN, 'hsb1'))?.token ?? '';
  await beat(world, own, 'hsb1');
  const next = await rotateAgentToken(world.ctx, host.id, { revoke: true });
  assert.equal(await beat(world, own, 'hsb1'), null);
  assert.equal(await beat(world, BOOTSTRAP_TOKEN, 'hsb1'), null);
  assert.equal((await beat(world, next, 'hsb1'))?.hostId, host.id);
});

test('while the shared token is switched off only a host’s own token enrols it', async (t) => {
  const world = await tokenWorld(t, { config: { allowSharedAgentToken: false } });
  const host = await insertTestHost(world.ctx, 'web1');
  assert.equal(await beat(world, BOOTSTRAP_TOKEN, 'web1'), null);
  assert.equal((await world.bearer(BOOTSTRAP_TOKEN).post('/test/enrol')).status, 401);
  const made = await rotateAgentToken(world.ctx, host.id, { revoke: false });
  const answer = await world.bearer(made).post('/test/enrol');
  assert.deepEqual(JSON.parse(answer.text), { kind: 'bootstrap', hostId: host.id, shared: false });
});

test('provisioning can be switched off', async (t) => {
  const world = await tokenWorld(t, { config: { autoProvisionAgentTokens: false } });
  await insertTestHost(world.ctx, 'hsb1');
  assert.equal((await beat(world, BOOTSTRAP_TOKEN, 'hsb1'))?.token, null);
});

test('the tokens of a retired host end with it', async (t) => {
  const world = await tokenWorld(t);
  const host = await insertTestHost(world.ctx, 'hsb1');
  const token = await mintTestToken(world.ctx, host.id);
  await beat(world, token, 'hsb1');
  await beat(world, token, 'hsb1');
  await transact(world.ctx, (tx) => endAgentTokens(world.ctx, tx, host.id));
  world.ctx.tokens.forgetHost(host.id);
  assert.equal(await beat(world, token, 'hsb1'), null);
});

test('a name that is none is refused as v1 refused it, once the token is right', async (t) => {
  const world = await tokenWorld(t);
  for (const name of ['bad_host', '-x', 'x'.repeat(64), "a'--"]) {
    const wrong = await world.bearer('wrong').post(`/api/hosts/${name}/register`, {});
    assert.equal(wrong.status, 401, name);
    const right = await world.bearer(BOOTSTRAP_TOKEN).post(`/api/hosts/${name}/register`, {});
    assert.deepEqual([name, right.status, right.problem().detail], [name, 400, 'Invalid host ID format']);
  }
});
