// How often one identity may call: hosts behind one address do not take from each other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Routes } from './app-type.ts';
import { makeClient } from '../testing/client.ts';
import { insertTestHost, mintTestToken } from '../testing/hosts.ts';
import { BOOTSTRAP_TOKEN, makeWorld, PASSWORD } from '../testing/world.ts';

const NAT = '192.0.2.7';

const routes: Routes = () => (app) => {
  app.post('/test/beat', { config: { access: 'agent' } }, () => ({}));
  app.post('/test/legacy/:id', { config: { access: 'legacy' } }, () => ({}));
};

test('200 hosts behind one address all get through; one that calls too often is alone in being refused', async (t) => {
  const world = await makeWorld(t, { moreRoutes: [routes] });
  const tokens: string[] = [];
  for (let i = 0; i < 200; i += 1) {
    const host = await insertTestHost(world.ctx, `host-${i}`);
    tokens.push(await mintTestToken(world.ctx, host.id));
  }
  const beat = async (token: string): Promise<number> => (await world.bearer(token, NAT).post('/test/beat')).status;
  // More than one identity may do in a minute, over all of them together.
  for (let round = 0; round < 16; round += 1) for (const token of tokens) assert.equal(await beat(token), 200);
});

test('v1 hosts that share a token are told apart by their path', async (t) => {
  const world = await makeWorld(t, { moreRoutes: [routes] });
  const beat = (name: string) => world.bearer(BOOTSTRAP_TOKEN, NAT).post(`/test/legacy/${name}`);
  for (let i = 0; i < 240; i += 1) assert.equal((await beat('busy')).status, 200);
  const refused = await beat('busy');
  assert.deepEqual([refused.status, refused.problem().code], [429, 'rate_limited']);
  assert.match(String(refused.headers['retry-after']), /^\d+$/);
  for (let i = 0; i < 200; i += 1) assert.equal((await beat(`calm-${i}`)).status, 200);
  assert.equal(world.ctx.counters.read().rate_limit_exceeded, 1);
});

test('five wrong passwords a minute from one address, sixty from all together', async (t) => {
  const world = await makeWorld(t);
  const attempt = (address: string, password = 'wrong') =>
    makeClient(world.app, {}, address).post('/api/login', { password });
  for (let i = 0; i < 5; i += 1) {
    const answer = await attempt('192.0.2.1');
    assert.deepEqual([answer.status, answer.problem().title], [401, 'Invalid password']);
  }
  assert.equal((await attempt('192.0.2.1', PASSWORD)).status, 429);
  assert.equal((await attempt('192.0.2.2', PASSWORD)).status, 200);
  const statuses: number[] = [];
  for (let i = 0; i < 60; i += 1) statuses.push((await attempt(`198.51.100.${i}`)).status);
  assert.ok(statuses.includes(401));
  assert.equal(statuses.at(-1), 429);
});

test('the form and the API count together', async (t) => {
  const world = await makeWorld(t);
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  for (let i = 0; i < 5; i += 1)
    assert.equal((await world.stranger.request('POST', '/login', 'password=wrong', form)).status, 302);
  assert.equal((await world.stranger.post('/api/login', { password: PASSWORD })).status, 429);
});

test('enrolments are limited for each address, and for all together', async (t) => {
  const world = await makeWorld(t, { moreRoutes: [enrolling] });
  const attempt = async (address: string): Promise<number> =>
    (await world.bearer(BOOTSTRAP_TOKEN, address).post('/test/enrol')).status;
  for (let i = 0; i < 300; i += 1) assert.equal(await attempt('192.0.2.1'), 200);
  assert.equal(await attempt('192.0.2.1'), 429);
  for (let i = 0; i < 900; i += 1) assert.equal(await attempt(`198.51.100.${i % 9}`), 200);
  assert.equal(await attempt('203.0.113.1'), 429);
});

const enrolling: Routes = () => (app) => {
  app.post('/test/enrol', { config: { access: 'bootstrap' } }, () => ({}));
};

test('an address is taken from a proxy’s header only if the proxy is ours', async (t) => {
  const world = await makeWorld(t, { config: { trustProxyHeaders: true, trustedProxyIps: ['10.0.0.1'] } });
  const attempt = async (peer: string, forwarded: string): Promise<number> => {
    const client = makeClient(world.app, { 'x-forwarded-for': forwarded }, peer);
    return (await client.post('/api/login', { password: 'wrong' })).status;
  };
  for (let i = 0; i < 8; i += 1) assert.equal(await attempt('10.0.0.1', `203.0.113.${i}`), 401);
  for (let i = 0; i < 5; i += 1) assert.equal(await attempt('192.0.2.9', `203.0.113.${100 + i}`), 401);
  assert.equal(await attempt('192.0.2.9', '203.0.113.200'), 429, 'a stranger cannot name itself anew');
});
