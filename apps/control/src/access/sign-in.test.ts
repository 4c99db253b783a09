// Signing in: the cookie, the session behind it, CSRF, API tokens.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Session } from '@nixfleet/contract/access.ts';
import { makeWorld, PASSWORD } from '../testing/world.ts';
import { makeClient, sessionCookie } from '../testing/client.ts';

test('an operator signs in, is known, and signs out', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  const session = (await operator.get('/api/session')).json(Session);
  assert.equal(session.actor, 'admin');
  const out = await operator.post('/logout');
  assert.equal(out.status, 302);
  assert.equal((await operator.get('/api/session')).status, 401);
});

test('the form leads to the dashboard, or back to the form', async (t) => {
  const world = await makeWorld(t);
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const wrong = await world.stranger.request('POST', '/login', 'password=wrong', form);
  assert.deepEqual([wrong.status, wrong.headers['location']], [302, '/login?error=Invalid+password']);
  const right = await world.stranger.request('POST', '/login', `password=${encodeURIComponent(PASSWORD)}`, form);
  assert.deepEqual([right.status, right.headers['location']], [302, '/']);
  const browser = makeClient(world.app, { cookie: sessionCookie(right) });
  assert.equal((await browser.get('/api/session')).status, 200);
});
