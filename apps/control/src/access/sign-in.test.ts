// Signing in: the form and the API, the cookie and what it is good for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Session } from '@nixfleet/contract/access.ts';
import { makeClient, sessionCookie } from '../testing/client.ts';
import { makeWorld, PASSWORD } from '../testing/world.ts';

const form = { 'content-type': 'application/x-www-form-urlencoded' };

test('an operator signs in, is known, and signs out', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  const session = (await operator.get('/api/session')).json(Session);
  assert.equal(session.actor, 'admin');
  const out = await operator.post('/logout');
  assert.deepEqual([out.status, out.headers['location']], [302, '/login']);
  assert.equal((await operator.get('/api/session')).status, 401);
});

test('the form leads to the dashboard, or back to the form', async (t) => {
  const world = await makeWorld(t);
  const wrong = await world.stranger.request('POST', '/login', 'password=wrong', form);
  assert.deepEqual([wrong.status, wrong.headers['location']], [302, '/login?error=Invalid+password']);
  const right = await world.stranger.request('POST', '/login', `password=${encodeURIComponent(PASSWORD)}`, form);
  assert.deepEqual([right.status, right.headers['location']], [302, '/']);
  const browser = makeClient(world.app, { cookie: sessionCookie(right) });
  assert.equal((await browser.get('/api/session')).status, 200);
});

test('the form signs out with its CSRF token in a field', async (t) => {
  const world = await makeWorld(t);
  const { headers } = await world.operator();
  const browser = makeClient(world.app, { cookie: headers['cookie'] ?? '' });
  const wrong = await browser.request('POST', '/logout', 'csrf_token=wrong', form);
  assert.equal(wrong.status, 403);
  const right = await browser.request('POST', '/logout', `csrf_token=${headers['x-csrf-token']}`, form);
  assert.equal(right.status, 302);
  assert.equal((await browser.get('/api/session')).status, 401);
  assert.equal((await browser.post('/logout')).status, 302, 'signed out already');
});

test('the cookie is kept from scripts and from other sites', async (t) => {
  const attributes = async (devMode: boolean): Promise<string[]> => {
    const world = await makeWorld(t, { config: { devMode } });
    const answer = await world.stranger.post('/api/login', { password: PASSWORD });
    return String(answer.headers['set-cookie']).split('; ').slice(1);
  };
  assert.deepEqual(await attributes(false), ['Max-Age=86400', 'Path=/', 'HttpOnly', 'Secure', 'SameSite=Strict']);
  assert.deepEqual(await attributes(true), ['Max-Age=86400', 'Path=/', 'HttpOnly', 'SameSite=Lax']);
});

test('a wrong, an empty and an endless password are refused in the same words', async (t) => {
  const world = await makeWorld(t);
  for (const password of ['wrong', `${PASSWORD} `, PASSWORD.padEnd(100, 'x')]) {
    const answer = await world.stranger.post('/api/login', { password });
    assert.deepEqual([answer.status, answer.problem().title], [401, 'Invalid password']);
  }
  assert.equal((await world.stranger.post('/api/login', { password: '' })).status, 422);
  assert.equal((await world.stranger.post('/api/login', { password: 'x'.repeat(2000) })).status, 422);
});

test('only hashes of sessions and tokens are stored', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  const created = await operator.post('/api/tokens', { name: 'laptop' });
  const { token } = JSON.parse(created.text) as { token: string };
  const payload = (operator.headers['cookie'] ?? '').split('.')[1] ?? '';
  const { t: secret } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { t: string };
  const rows = [
    await world.ctx.db.selectFrom('sessions').selectAll().execute(),
    await world.ctx.db.selectFrom('api_tokens').selectAll().execute(),
  ];
  const stored = JSON.stringify(rows);
  assert.ok(secret.length > 40);
  for (const raw of [secret, token]) assert.equal(stored.includes(raw), false);
});
