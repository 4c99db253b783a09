// API tokens of operators: made, used, expired, ended.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreatedToken, Session, TokenList } from '@nixfleet/contract/access.ts';
import { makeWorld } from '../testing/world.ts';

test('an API token acts for an operator, needs no CSRF token, and is shown once', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  const created = await operator.post('/api/tokens', { name: 'laptop' });
  assert.equal(created.status, 201);
  const { token, id } = created.json(CreatedToken);
  assert.match(token, /^nft_[\w-]{43}$/);
  const laptop = world.bearer(token);
  const session = (await laptop.get('/api/session')).json(Session);
  assert.deepEqual(session, { actor: 'token:laptop', csrfToken: null, expiresAt: null });
  assert.equal((await laptop.post('/api/tokens', { name: 'made by a token' })).status, 201);
  assert.doesNotMatch((await operator.get('/api/tokens')).text, new RegExp(token));
  assert.equal((await operator.delete(`/api/tokens/${id}`)).status, 204);
  assert.equal((await laptop.get('/api/session')).status, 401);
  assert.equal((await operator.delete(`/api/tokens/${id}`)).problem().code, 'token_not_found');
});

test('an API token expires, and its last use is noted once a minute', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  const { token } = (await operator.post('/api/tokens', { name: 'ci', expiresInMs: 3_600_000 })).json(CreatedToken);
  const lastUse = async (): Promise<number | null | undefined> =>
    (await operator.get('/api/tokens')).json(TokenList).tokens[0]?.lastUsedAt;
  assert.equal(await lastUse(), null);
  const ci = world.bearer(token);
  const first = world.clock.now;
  await ci.get('/api/session');
  world.clock.advance(59_999);
  await ci.get('/api/session');
  assert.equal(await lastUse(), first);
  world.clock.advance(1);
  await ci.get('/api/session');
  assert.equal(await lastUse(), first + 60_000);
  world.clock.advance(3_600_000);
  assert.equal((await ci.get('/api/session')).status, 401);
});

test('a session ends after 24 hours, however much it is used', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  world.clock.advance(86_400_000 - 1000);
  assert.equal((await operator.get('/api/session')).status, 200);
  world.clock.advance(1000);
  assert.equal((await operator.get('/api/session')).status, 401);
});
