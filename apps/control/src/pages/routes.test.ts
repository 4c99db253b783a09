import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreatedRuns } from '@nixfleet/contract/runs.ts';
import { ended, enrolHost, started } from '../agents/testing/host.ts';
import type { Answer } from '../testing/client.ts';
import { makeWorld, type World } from '../testing/world.ts';

const pageOf = (answer: Answer): string => {
  assert.equal(answer.status, 200, answer.text);
  assert.match(String(answer.headers['content-type']), /^text\/html/);
  // The content security policy would block any of these.
  assert.doesNotMatch(answer.text, /<style|<script(?![^>]* src=)| style=| on[a-z]+=/i);
  return answer.text;
};

async function stage(world: World) {
  const operator = await world.operator();
  const host = await enrolHost(world, 'web1');
  await host.checkIn();
  const { results } = (await operator.post('/api/runs', { verb: 'restart', hosts: ['web1'] })).json(CreatedRuns);
  const id = results[0]?.run?.id ?? '';
  await host.checkIn();
  return { operator, host, id };
}

test('strangers see the way in and nothing else', async (t) => {
  const world = await makeWorld(t);
  await enrolHost(world, 'web1');
  for (const path of ['/', '/hosts/web1', `/runs/${world.ctx.newId('run')}`]) {
    const answer = await world.stranger.get(path);
    assert.deepEqual([answer.status, answer.headers['location']], [302, '/login']);
  }
  assert.match(pageOf(await world.stranger.get('/login')), /<form[^>]*action="\/login"/);
  assert.match(pageOf(await world.stranger.get('/login?error=Invalid+password')), /role="alert"[^>]*>Invalid password/);
});

test('the fleet shows its hosts, their state and what they run', async (t) => {
  const world = await makeWorld(t);
  const { operator, host, id } = await stage(world);
  await host.append(id, 0, [started, { kind: 'phase_started', phase: 'restart' }]);
  const text = pageOf(await operator.get('/'));
  assert.match(text, new RegExp(`href="/runs/${id}"`));
  assert.match(text, /href="\/hosts\/web1"/);
});

test('a host and a run have a page that says how it ended and why', async (t) => {
  const world = await makeWorld(t);
  const { operator, host, id } = await stage(world);
  await host.append(id, 0, [
    started,
    { kind: 'output', phase: 'restart', stream: 'stdout', text: 'error: <b>no such unit</b>' },
    ended('failed', 'the unit did not start'),
  ]);
  const run = pageOf(await operator.get(`/runs/${id}`));
  assert.match(run, /the unit did not start/);
  assert.match(run, /error: &lt;b&gt;no such unit&lt;\/b&gt;/);
  assert.match(pageOf(await operator.get('/hosts/web1')), new RegExp(`href="/runs/${id}"`));
});

test('what hosts and operators wrote is text, whatever is in it', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  const hostile = '"><script>alert(1)</script>\u202e';
  await enrolHost(world, 'web1', { agentVersion: hostile, metadata: { comment: hostile, location: hostile } });
  for (const path of ['/', '/hosts/web1'])
    assert.doesNotMatch(pageOf(await operator.get(path)), /<script>alert|\u202e/);
});

test('what is not there is a page with a way back', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  const answer = await operator.get('/hosts/nobody');
  assert.equal(answer.status, 404);
  assert.match(answer.text, /href="\/"/);
});
