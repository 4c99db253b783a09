// The agent as a process against a control plane of the contract: tokens, held check-ins, beginning and ending.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { ownProcess } from '../executor/process.ts';
import { AgentDocument, writeDocument } from '../state/documents.ts';
import { type Home, makeHome } from './testing/agent-process.ts';
import { BOOTSTRAP, type Plane, startPlane } from './testing/plane.ts';
import { until } from './testing/until.ts';

async function setup(t: TestContext, keys: Record<string, unknown> = {}): Promise<{ plane: Plane; home: Home }> {
  const plane = await startPlane();
  const home = makeHome(plane.url, keys);
  t.after(async () => {
    await home.remove();
    await plane.goDown();
    assert.deepEqual(plane.faults, []);
  });
  return { plane, home };
}

const storedIn = (home: Home): string => readFileSync(home.state.token, 'utf8').trim();

test('a new host makes its key, enrols and checks in with who and what it is', async (t) => {
  const { plane, home } = await setup(t, { location: 'office', hostname: 'Web1', intervalMs: 5000 });
  home.start();
  const [first, second] = await until('two check-ins', () => (plane.checkins.length >= 2 ? plane.checkins : undefined));
  const [host] = plane.hosts.values();
  assert.equal(host?.tokens.has(storedIn(home)), true);
  assert.equal(statSync(home.state.key).mode & 0o777, 0o600);
  assert.equal(statSync(home.state.token).mode & 0o777, 0o600);
  assert.equal(first?.identity?.hostname, 'web1');
  assert.deepEqual(first?.identity?.metadata, { location: 'office' });
  assert.deepEqual(Object.keys(first?.facts ?? {}).toSorted(), ['agent', 'config', 'metrics', 'system']);
  assert.equal(second?.identity, undefined, 'the identity is said once');
  assert.deepEqual(Object.keys(second?.facts ?? {}), ['metrics'], 'facts that did not change are not said again');
  assert.ok((second?.waitMs ?? 0) > 4000, 'the second check-in is held');
});

test('a token that a check-in brings is stored, used, and survives a restart', async (t) => {
  const { plane, home } = await setup(t);
  const agent = home.start();
  await until('a held check-in', () => plane.checkins.length >= 2);
  const before = storedIn(home);
  plane.rotate();
  const last = await until('the new token is used', () => plane.checkins.find((c) => c.token !== before));
  assert.equal(storedIn(home), last.token);
  assert.deepEqual(await agent.end(), { code: 0, signal: null });
  const heard = plane.checkins.length;
  home.start();
  const again = await until('a check-in after the restart', () => plane.checkins[heard]);
  assert.equal(again.token, last.token);
  assert.equal(plane.heard.filter((h) => h.path === '/api/agent/enrol').length, 1);
});

test('a host whose token was revoked enrols again with the same key and is the same host', async (t) => {
  const { plane, home } = await setup(t);
  home.start();
  await until('a held check-in', () => plane.checkins.length >= 2);
  const [before] = plane.hosts.values();
  plane.revokeTokens();
  await until('it enrols again', () => (before?.tokens.size ?? 0) > 0);
  assert.equal(plane.hosts.size, 1);
});

test('a control plane that lost its database gets the host back, with all it knows', async (t) => {
  const { plane, home } = await setup(t);
  home.start();
  await until('a held check-in', () => plane.checkins.length >= 2);
  const heard = plane.checkins.length;
  plane.hosts.clear();
  const first = await until('a check-in after the loss', () => plane.checkins[heard]);
  assert.equal(first.identity?.hostname, 'web1');
  assert.ok(first.facts?.system);
});

test('a token that the operator puts into the token file beats a stored one that is refused', async (t) => {
  const { plane, home } = await setup(t);
  home.start();
  await until('a held check-in', () => plane.checkins.length >= 2);
  const [host] = plane.hosts.values();
  assert.ok(host);
  writeFileSync(home.tokenFile, 'the-token-an-operator-rotated\n');
  host.tokens = new Set(['the-token-an-operator-rotated']);
  await until('the operator’s token is used', () =>
    plane.checkins.some((c) => c.token === 'the-token-an-operator-rotated'),
  );
  await until('it is stored, once it has proved good', () => storedIn(home) === 'the-token-an-operator-rotated');
});

test('where every token is refused the agent waits, and comes back once the file is right', async (t) => {
  const { plane, home } = await setup(t);
  writeFileSync(home.tokenFile, 'not-the-bootstrap-token');
  const agent = home.start();
  await until('it is refused', () => agent.text.includes('check-in failed'));
  assert.equal(existsSync(home.state.token), false);
  writeFileSync(home.tokenFile, BOOTSTRAP);
  await until('it checks in', () => plane.checkins.length > 0);
});

test('a bare token in the configuration works as well', async (t) => {
  const { plane, home } = await setup(t, { tokenFile: undefined, token: BOOTSTRAP });
  home.start();
  await until('it checks in', () => plane.checkins.length > 0);
});

test('the agent speaks again after the control plane was away', async (t) => {
  const { plane, home } = await setup(t);
  const agent = home.start();
  await until('a held check-in', () => plane.checkins.length >= 2);
  await plane.goDown();
  await until('it notices', () => agent.text.includes('cannot be reached'));
  const heard = plane.checkins.length;
  await plane.comeUp();
  await until('it is back', () => plane.checkins.length > heard);
});

test('SIGTERM ends a held check-in at once, with status 0', async (t) => {
  const { plane, home } = await setup(t, { intervalMs: 600_000 });
  const agent = home.start();
  await until('a check-in held for long', () => plane.checkins.some((c) => c.waitMs > 40_000));
  assert.deepEqual(await agent.end(), { code: 0, signal: null });
});

test('a second agent on the same state folder refuses to start and names the first', async (t) => {
  const { plane, home } = await setup(t);
  const first = home.start();
  await until('the first runs', () => plane.checkins.length > 0);
  const second = home.start();
  assert.equal((await second.exited).code, 1);
  assert.match(second.text, new RegExp(`another agent, process ${first.child.pid}, works on `));
  await first.end('SIGKILL');
  const heard = plane.checkins.length;
  home.start();
  await until('a later one takes over from the dead', () => plane.checkins.length > heard);
});

test('an agent whose state folder another live process has claimed ends', async (t) => {
  const { plane, home } = await setup(t);
  const agent = home.start();
  await until('it runs', () => plane.checkins.length > 0);
  writeDocument(home.state.agent, AgentDocument, { ...ownProcess(), instance: 'another' });
  assert.equal((await agent.exited).code, 1);
  assert.match(agent.text, new RegExp(`another agent, process ${process.pid}, works on `));
});

test('a retired host stops asking', async (t) => {
  const { plane, home } = await setup(t);
  const agent = home.start();
  await until('a held check-in', () => plane.checkins.length >= 2);
  plane.misbehave = () => ({ status: 409, json: { type: '', code: 'host_retired', title: 'retired', status: 409 } });
  plane.rotate();
  await until('it says so', () => /host_retired.*"pauseMs":600000/.test(agent.text));
});

test('a bad configuration ends with status 78 and lists every problem', async (t) => {
  const { home } = await setup(t, {
    url: 'http://fleet.example.com',
    tokenFile: undefined,
    platform: 'plan9',
    stateDir: 'relative',
    intervalMs: 1,
    unheardOf: true,
  });
  const agent = home.start();
  assert.equal((await agent.exited).code, 78);
  for (const key of ['url', 'tokenFile', 'platform', 'stateDir', 'intervalMs', 'unheardOf'])
    assert.match(agent.text, new RegExp(`^  ${key}: `, 'm'));
});

test('status says what the state folder holds, without a running agent', async (t) => {
  const { plane, home } = await setup(t);
  const agent = home.start();
  await until('it checks in', () => plane.checkins.length > 0);
  await agent.end();
  const status = home.start('status');
  assert.equal((await status.exited).code, 0);
  assert.match(status.text, /agent: +not running\nhost: +web1 \(host_/);
});
