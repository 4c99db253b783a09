// Who may call what: generated over the list of all routes, which itself is a golden file.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Access } from '@nixfleet/contract/access.ts';
import { makeClient, type Method } from '../testing/client.ts';
import { insertTestHost, mintTestToken } from '../testing/hosts.ts';
import { BOOTSTRAP_TOKEN, makeWorld, type World } from '../testing/world.ts';

const golden = join(import.meta.dirname, '../../../../test/golden/routes.txt');

test('the routes and who may call them are those that were reviewed', async (t) => {
  const { routeLines } = await makeWorld(t);
  const text = routeLines.map((r) => `${r.access.padEnd(10)} ${r.method.padEnd(7)} ${r.path}\n`).join('');
  if (process.env['UPDATE_GOLDEN']) writeFileSync(golden, text);
  const reviewed = readFileSync(golden, 'utf8');
  assert.equal(text, reviewed, 'review the difference, then run this test with UPDATE_GOLDEN=1');
});

/** Every route of one access, with a path that fits its parameters. */
const routesOf = (world: World, access: Access): { method: Method; path: string }[] =>
  world.routeLines
    .filter((r) => r.access === access)
    .map((r) => ({ method: r.method as Method, path: r.path.replaceAll(/:\w+/g, 'web1') }));

test('a stranger gets 401 from every route that is not public, and learns nothing from it', async (t) => {
  const world = await makeWorld(t);
  await insertTestHost(world.ctx, 'web1');
  for (const access of ['operator', 'agent', 'bootstrap', 'legacy'] as const) {
    for (const { method, path } of routesOf(world, access)) {
      const title = access === 'operator' ? 'Not authenticated' : 'Invalid API token';
      const bare = await world.stranger.request(method, path);
      assert.deepEqual([path, bare.status, bare.problem().detail], [path, 401, title]);
      for (const authorization of ['Bearer wrong', 'Bearer ', 'Basic YTpi', `Bearer ${'x'.repeat(5000)}`]) {
        const wrong = await world.stranger.request(method, path, undefined, { authorization });
        assert.deepEqual([path, wrong.status, wrong.problem().detail], [path, 401, 'Invalid API token']);
      }
    }
  }
});

test('every change by a session needs its CSRF token', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  const cookie = { cookie: operator.headers['cookie'] ?? '' };
  const changes = routesOf(world, 'operator').filter(({ method }) => method !== 'GET');
  assert.ok(changes.some(({ path }) => path === '/api/tokens'));
  for (const { method, path } of changes)
    for (const csrf of [{}, { 'x-csrf-token': '' }, { 'x-csrf-token': 'wrong' }]) {
      const answer = await makeClient(world.app, { ...cookie, ...csrf }).request(method, path);
      assert.deepEqual([path, answer.status, answer.problem().code], [path, 403, 'csrf_mismatch']);
    }
  const logout = await makeClient(world.app, cookie).post('/logout');
  assert.equal(logout.status, 403);
  assert.equal((await operator.get('/api/session')).status, 200);
});

test('the token of one kind of caller is no token of another', async (t) => {
  const world = await makeWorld(t);
  const host = await insertTestHost(world.ctx, 'web1');
  const own = await mintTestToken(world.ctx, host.id);
  const created = await (await world.operator()).post('/api/tokens', { name: 'laptop' });
  const { token: api } = JSON.parse(created.text) as { token: string };
  const refused: [Access, string[]][] = [
    ['operator', [own, BOOTSTRAP_TOKEN]],
    ['agent', [api, BOOTSTRAP_TOKEN]],
    ['bootstrap', [api]],
    ['legacy', [api]],
  ];
  for (const [access, tokens] of refused)
    for (const { method, path } of routesOf(world, access))
      for (const token of tokens) {
        const answer = await world.bearer(token).request(method, path);
        assert.deepEqual([access, path, answer.status], [access, path, 401]);
      }
});
