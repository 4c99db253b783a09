// What every request passes through: failures and their shapes, limits of size, headers, ids.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { sql } from 'kysely';
import * as z from 'zod';
import { Problem } from '@nixfleet/contract/problem.ts';
import { makeClient } from '../testing/client.ts';
import { BOOTSTRAP_TOKEN, makeWorld, type WorldOptions } from '../testing/world.ts';
import type { Routes } from './app-type.ts';

const body = z.object({ name: z.string().max(5), tags: z.array(z.string().min(2)) });

/** Routes that fail in every way a route of ours can. */
const failing: Routes = (ctx) => (app) => {
  const config = { access: 'public' } as const;
  app.post('/test/echo', { config, schema: { body } }, (request) => request.body);
  app.post('/test/legacy/:id', { config: { access: 'legacy' }, schema: { body } }, (request) => request.body);
  app.get('/test/problem', { config }, () => {
    throw new Problem('queue_full', 'Too many wait', { cause: new Error('secret cause'), details: { queued: 20 } });
  });
  app.get('/test/bug', { config }, () => {
    throw new Error('could not do it', { cause: new Error('password=hunter2') });
  });
  app.get('/test/full', { config }, async () => {
    if (ctx.engine === 'postgres')
      await sql`do $$ begin raise exception 'no space left' using errcode = '53100'; end $$`.execute(ctx.db);
    await sql`pragma max_page_count = 1`.execute(ctx.db);
    const filler = 'x'.repeat(100_000);
    await ctx.db.insertInto('nonces').values({ nonce: filler, seen_at: 0 }).execute();
  });
  app.get('/test/gone', { config }, async () => {
    if (ctx.engine === 'postgres') await sql`select pg_terminate_backend(pg_backend_pid())`.execute(ctx.db);
    await ctx.db.destroy();
    await ctx.db.selectFrom('nonces').selectAll().execute();
  });
};

const failingWorld = (t: TestContext, options: WorldOptions = {}) =>
  makeWorld(t, { ...options, moreRoutes: [failing] });

test('input that does not fit is refused with every issue and its path', async (t) => {
  const { stranger } = await failingWorld(t);
  const answer = await stranger.post('/test/echo', { name: 'too long a name', tags: ['ok', 'x', 3] });
  assert.equal(answer.status, 422);
  assert.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8');
  const problem = answer.problem();
  assert.equal(problem.code, 'invalid');
  assert.deepEqual(
    problem.issues?.map((i) => i.path),
    ['body.name', 'body.tags.1', 'body.tags.2'],
  );
  assert.equal(problem.requestId, answer.headers['x-request-id']);
});

test('a v1 route answers input that does not fit in v1’s shape too', async (t) => {
  const world = await failingWorld(t);
  const answer = await world.bearer(BOOTSTRAP_TOKEN).post('/test/legacy/hsb1', { name: 'x', tags: ['y'] });
  assert.equal(answer.status, 422);
  const { detail } = z.object({ detail: z.unknown() }).parse(JSON.parse(answer.text));
  const msg = 'Too small: expected string to have >=2 characters';
  assert.deepEqual(detail, [{ type: 'too_small', loc: ['body', 'tags', 0], msg }]);
});

test('a body that is no JSON is malformed, and poisoned JSON too', async (t) => {
  const { stranger } = await failingWorld(t);
  for (const text of ['{', '{"name":', '\u0000', 'nul', '[1,]', '', '{"__proto__":{"x":1}}']) {
    const answer = await stranger.request('POST', '/test/echo', text);
    assert.deepEqual([text, answer.status, answer.problem().code], [text, 400, 'malformed_json']);
  }
});

test('a body of 10 MB is too large, and the next request works', async (t) => {
  const world = await failingWorld(t);
  const origin = await world.listen();
  const send = (length: number): Promise<Response> =>
    fetch(`${origin}/test/echo`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'a', tags: ['x'.repeat(length)] }),
    });
  const large = await send(10 * 1024 * 1024);
  assert.deepEqual([large.status, ((await large.json()) as { code: string }).code], [413, 'too_large']);
  assert.equal((await send(100)).status, 200);
});

test('what is no JSON, an unknown path and a wrong method each have their code', async (t) => {
  const { stranger } = await failingWorld(t);
  const xml = await stranger.request('POST', '/test/echo', '<a/>', { 'content-type': 'application/xml' });
  assert.deepEqual([xml.status, xml.problem().code], [415, 'unsupported_media_type']);
  const unknown = await stranger.get('/api/nothing/here');
  assert.deepEqual([unknown.status, unknown.problem().code], [404, 'not_found']);
  const wrong = await stranger.request('PUT', '/health');
  assert.deepEqual([wrong.status, wrong.problem().code, wrong.headers['allow']], [405, 'method_not_allowed', 'GET']);
  const path = await stranger.get('/%E0%A4%A');
  assert.deepEqual([path.status, path.problem().code], [400, 'bad_request']);
});

test('an expected failure shows its message and nothing of its cause', async (t) => {
  const { stranger } = await failingWorld(t);
  const answer = await stranger.get('/test/problem');
  assert.deepEqual([answer.status, answer.problem().details], [409, { queued: 20 }]);
  assert.doesNotMatch(answer.text, /secret/);
});

test('a bug is answered with the request’s id and nothing else, and logged with its causes', async (t) => {
  const world = await failingWorld(t);
  const logged: object[] = [];
  world.ctx.log = { ...world.ctx.log, error: (fields) => logged.push(fields) };
  const answer = await world.stranger.get('/test/bug');
  const { code, title, requestId } = answer.problem();
  assert.deepEqual([answer.status, code, title], [500, 'internal', 'Something went wrong here; see the log']);
  assert.doesNotMatch(answer.text, /hunter2|could not/);
  const [line] = logged as { err: Error; requestId: string }[];
  assert.equal(line?.requestId, requestId);
  assert.match(String(line?.err.cause), /hunter2/);
});

test('a full disk is storage_full', async (t) => {
  const { stranger } = await failingWorld(t);
  const answer = await stranger.get('/test/full');
  assert.deepEqual([answer.status, answer.problem().code], [507, 'storage_full'], answer.text);
});

test('a database that is gone is unavailable', async (t) => {
  const { stranger } = await failingWorld(t);
  const answer = await stranger.get('/test/gone');
  assert.deepEqual([answer.status, answer.problem().code], [503, 'unavailable'], answer.text);
});

test('every answer has the security headers, also failures', async (t) => {
  const { stranger } = await failingWorld(t);
  for (const path of ['/health', '/api/nothing', '/test/bug', '/api/session']) {
    const { headers } = await stranger.get(path);
    assert.match(String(headers['content-security-policy']), /^default-src 'self';script-src 'self';style-src 'self'/);
    assert.doesNotMatch(String(headers['content-security-policy']), /unsafe/);
    assert.equal(headers['x-frame-options'], 'DENY');
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.match(String(headers['strict-transport-security']), /^max-age=31536000; includeSubDomains/i);
  }
});

test('dev mode promises no HTTPS', async (t) => {
  const { stranger } = await failingWorld(t, { config: { devMode: true } });
  assert.equal((await stranger.get('/health')).headers['strict-transport-security'], undefined);
});

test('a request’s id comes from a trusted proxy alone', async (t) => {
  const trusting = await failingWorld(t, { config: { trustProxyHeaders: true, trustedProxyIps: ['10.0.0.0/8'] } });
  const given = { 'x-request-id': 'abc-12345' };
  const idFrom = async (address: string): Promise<unknown> => {
    const answer = await makeClient(trusting.app, given, address).get('/health');
    return answer.headers['x-request-id'];
  };
  assert.equal(await idFrom('10.1.2.3'), 'abc-12345');
  assert.match(String(await idFrom('192.0.2.1')), /^req_/);
});

test('a route that does not say who may call it keeps the app from starting', async (t) => {
  const forgetful: Routes = () => (app) => {
    // @ts-expect-error config.access is required; this is what happens when it is left out all the same
    app.get('/test/forgotten', { config: {} }, () => 'x');
  };
  await assert.rejects(makeWorld(t, { moreRoutes: [forgetful] }), /config\.access is missing/);
  await assert.rejects(
    makeWorld(t, { moreRoutes: [() => (app) => void app.get('/test/bare', () => 'x')] }),
    /config\.access is missing/,
  );
});
