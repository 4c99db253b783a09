// A v0.4.0 agent, played word for word, and what it does when things go wrong.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Host } from '@nixfleet/contract/hosts.ts';
import { JournalPage, RunPage } from '@nixfleet/contract/runs.ts';
import { enrolHost } from '../agents/testing/host.ts';
import type { Answer, Client } from '../testing/client.ts';
import { BOOTSTRAP_TOKEN, makeWorld, type World } from '../testing/world.ts';

const COMMIT = `0f3c${'a'.repeat(36)}`;
const NEXT = `9e1d${'b'.repeat(36)}`;
const registration = `{"hostname":"hsb1","host_type":"nixos","location":"home","device_type":"server","theme_color":"#769ff0","criticality":"medium",
 "current_generation":"${COMMIT}","config_repo":"/home/u/nixcfg","agent_version":"0.4.0-1a2b3c4","nixpkgs_version":"${'c'.repeat(40)}","os_version":"25.11.2025",
 "os_name":"NixOS","poll_interval":30,"metrics":{"cpu":7,"ram":41,"swap":0,"load":"0.42"}}`;

type Stage = {
  world: World;
  operator: Client;
  agent: Client;
  register: () => Promise<string>;
  lastRun: () => Promise<Host['lastRun']>;
};

const statusOf = (answer: Answer): string => {
  assert.equal(answer.status, 200, answer.text);
  return answer.text;
};

async function registered(world: World): Promise<Stage> {
  const operator = await world.operator();
  const first = await world.bearer(BOOTSTRAP_TOKEN).post('/api/hosts/hsb1/register', registration);
  const { agent_token } = JSON.parse(first.text) as { agent_token: string };
  const agent = world.bearer(agent_token);
  return {
    world,
    operator,
    agent,
    register: async () => statusOf(await agent.post('/api/hosts/hsb1/register', registration)),
    lastRun: async () => (await operator.get('/api/hosts/hsb1')).json(Host).lastRun,
  };
}

const idle = '{"status":"registered","host_id":"hsb1","command":null}';
const told = (command: string): string => `{"status":"registered","host_id":"hsb1","command":"${command}"}`;

test('the transcript of appendix A, byte for byte', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  const shared = world.bearer(BOOTSTRAP_TOKEN);
  const first = await shared.post('/api/hosts/hsb1/register', registration);
  const { agent_token: token } = JSON.parse(first.text) as { agent_token: string };
  assert.ok(token.length >= 43);
  assert.equal(first.text, `{"status":"registered","host_id":"hsb1","command":null,"agent_token":"${token}"}`);
  const agent = world.bearer(token);
  assert.equal((await agent.post('/api/hosts/hsb1/register', registration)).text, idle);
  assert.equal((await shared.post('/api/hosts/hsb1/register', registration)).problem().detail, 'Invalid API token');
  const wrong = await world.bearer('nonsense').post('/api/hosts/hsb1/register', registration);
  assert.deepEqual([wrong.status, wrong.problem().detail], [401, 'Invalid API token']);
  const name = await agent.post('/api/hosts/1-bad_name/register', registration);
  assert.ok(name.status === 400 || name.status === 401);
  const invalid = await agent.post('/api/hosts/hsb1/register', registration.replace('"nixos"', '"amiga"'));
  assert.equal(invalid.status, 422);
  const { detail } = JSON.parse(invalid.text) as { detail: { loc: unknown }[] };
  assert.deepEqual(detail[0]?.loc, ['body', 'host_type']);

  const queued = await operator.post('/api/hosts/hsb1/command', { command: 'pull-switch' });
  assert.match(queued.text, /^\{"status":"queued","command":"pull-switch"/);
  assert.equal((await agent.post('/api/hosts/hsb1/register', registration)).text, told('pull-switch'));
  const status = (body: string): Promise<Answer> => agent.post('/api/hosts/hsb1/status', body);
  const updated = '{"status":"updated"}';
  const pullHalf = `{"status":"ok","current_generation":"${NEXT}","output":"Updating 0f3c..9e1d\\nFast-forward","test_status":null}`;
  assert.equal((await status(pullHalf)).text, updated);
  assert.equal((await operator.get('/api/hosts/hsb1')).json(Host).run?.phase, 'activate');
  const switchHalf = `{"status":"ok","current_generation":"${NEXT}","output":"building the system configuration…","test_status":null}`;
  assert.equal((await status(switchHalf)).text, updated);
  const after = (await operator.get('/api/hosts/hsb1')).json(Host);
  assert.deepEqual([after.lastRun?.state, after.run, after.convergence.runningCommit], ['succeeded', null, NEXT]);
  assert.deepEqual(
    after.lastRun?.phases.map((p) => [p.phase, p.status]),
    [
      ['fetch', 'done'],
      ['activate', 'done'],
    ],
  );
  assert.equal((await agent.post('/api/hosts/hsb1/register', registration)).text, idle);

  await operator.post('/api/hosts/hsb1/command', { command: 'test' });
  assert.equal((await agent.post('/api/hosts/hsb1/register', registration)).text, told('test'));
  const progress = (body: object): Promise<Answer> => agent.post('/api/hosts/hsb1/test-progress', body);
  const running = { total: 3, running: true, result: null, comment: null };
  assert.equal((await progress({ ...running, current: 0, passed: 0 })).text, updated);
  await progress({ ...running, current: 1, passed: 0 });
  await progress({ ...running, current: 2, passed: 1 });
  const during = (await operator.get('/api/hosts/hsb1')).json(Host).run;
  assert.deepEqual(
    [during?.phase, during?.progress?.done, during?.progress?.expected, during?.tests?.passed],
    ['test', 1, 3, 1],
  );
  await progress({ ...running, current: 3, passed: 1 });
  await progress({
    current: 3,
    total: 3,
    passed: 2,
    running: false,
    result: '2/3 pass, 1 fail',
    comment: 'T02-dns failed',
  });
  const report = '✅ T00-base\n❌ T02-dns: no answer\n✅ T04-docker\n';
  assert.equal(
    (
      await agent.post('/api/hosts/hsb1/status', {
        status: 'error',
        current_generation: NEXT,
        output: report,
        test_status: '2/3 pass, 1 fail',
      })
    ).text,
    updated,
  );
  const tested = (await operator.get('/api/hosts/hsb1')).json(Host).lastRun;
  assert.equal(tested?.state, 'failed');
  assert.deepEqual(tested?.tests, { passed: 2, total: 3, failed: ['T02-dns'] });
  const { entries } = (await operator.get(`/api/runs/${tested?.id}/journal`)).json(JournalPage);
  assert.deepEqual([entries[0]?.kind, entries.at(-1)?.kind], ['started', 'result']);
  assert.equal(entries[0]?.kind === 'started' && entries[0].executor, 'legacy');
  assert.equal(await agent.get('/api/hosts/hsb1/poll').then((a) => a.text), '{"command":null}');
});

test('a command whose answer was lost is handed over once more, then the run is interrupted', async (t) => {
  const { operator, register, lastRun } = await registered(await makeWorld(t));
  await operator.post('/api/hosts/hsb1/command', { command: 'pull' });
  assert.equal(await register(), told('pull'));
  assert.equal(await register(), told('pull'));
  assert.equal(await register(), idle);
  const run = await lastRun();
  assert.equal(run?.state, 'interrupted');
  assert.match(run?.reason ?? '', /handed over 2 times.*never reported/);
});

test('an agent that dies in a switch leaves a run that says so', async (t) => {
  const { operator, agent, register, lastRun } = await registered(await makeWorld(t));
  await operator.post('/api/hosts/hsb1/command', { command: 'pull-switch' });
  assert.equal(await register(), told('pull-switch'));
  await agent.post('/api/hosts/hsb1/status', { status: 'ok', current_generation: NEXT, output: 'Updating' });
  assert.equal(await register(), idle);
  const run = await lastRun();
  assert.deepEqual([run?.state, run?.phase, run?.phases.at(-1)?.status], ['half_activated', 'activate', 'failed']);
});

test('a pull that fails ends the run, and nothing is switched', async (t) => {
  const { operator, agent, register, lastRun } = await registered(await makeWorld(t));
  await operator.post('/api/hosts/hsb1/command', { command: 'pull-switch' });
  await register();
  await agent.post('/api/hosts/hsb1/status', {
    status: 'error',
    output: 'error: cannot pull\nmore',
    current_generation: COMMIT,
  });
  const run = await lastRun();
  assert.deepEqual([run?.state, run?.reason], ['failed', 'the v1 agent reported: error: cannot pull']);
  const host = (await operator.get('/api/hosts/hsb1')).json(Host);
  assert.deepEqual([host.comment, host.convergence.runningCommit], ['error: cannot pull', null]);
});

test('a heartbeat says nothing of success, and of the commit that runs nothing', async (t) => {
  const { operator, agent, register, lastRun } = await registered(await makeWorld(t));
  await operator.post('/api/hosts/hsb1/command', { command: 'switch' });
  await register();
  await agent.post('/api/hosts/hsb1/status', { status: 'error', output: 'boom', current_generation: NEXT });
  await register();
  assert.equal((await lastRun())?.state, 'failed');
  const host = (await operator.get('/api/hosts/hsb1')).json(Host);
  assert.equal(host.convergence.runningCommit, null);
  assert.match(host.convergence.reason, /target/);
});

test('a legacy host is shown as one, keeps what an operator wrote, and is asked only for what it knows', async (t) => {
  const { operator, register } = await registered(await makeWorld(t));
  await operator.patch('/api/hosts/hsb1', { comment: 'mine', location: 'work' });
  await register();
  const host = (await operator.get('/api/hosts/hsb1')).json(Host);
  assert.deepEqual(
    [host.agentKind, host.platform, host.comment, host.location, host.criticality],
    ['legacy', 'nixos', 'mine', 'work', 'medium'],
  );
  assert.deepEqual(
    host.permissions.filter((p) => !p.allowed).map((p) => p.verb),
    ['plan', 'rollback'],
  );
  assert.equal(host.facts.metrics?.value.load, 0.42);
  assert.equal(
    (await operator.post('/api/hosts/hsb1/command', { command: 'plan' })).problem().code,
    'verb_unsupported',
  );
});

test('long text is cut, Linux and odd device types are welcome, and the queue is in order', async (t) => {
  const { operator, agent, register } = await registered(await makeWorld(t));
  const long = {
    hostname: 'hsb1',
    host_type: 'linux',
    device_type: 'container',
    agent_version: 'v'.repeat(200),
    comment: 'c'.repeat(2000),
    icon: 'i'.repeat(99),
  };
  assert.equal((await agent.post('/api/hosts/hsb1/register', long)).status, 200);
  assert.equal((await operator.get('/api/hosts/hsb1')).json(Host).platform, 'linux');
  for (const command of ['pull', 'restart']) await operator.post('/api/hosts/hsb1/command', { command });
  assert.equal(await register(), told('pull'));
  await agent.post('/api/hosts/hsb1/status', { status: 'ok', output: `Already up to date.\n${'x'.repeat(20_000)}` });
  assert.equal(await register(), told('restart'));
  await agent.post('/api/hosts/hsb1/status', { status: 'ok', output: 'Agent restarting...' });
  const { runs } = (await operator.get('/api/runs?host=hsb1')).json(RunPage);
  assert.deepEqual(
    runs.map((r) => r.state),
    ['succeeded', 'succeeded'],
  );
  assert.ok(runs.every((r) => r.outputBytes <= 10_001));
});

test('a host with an agent of today is closed to v1 requests, even with its own token', async (t) => {
  const world = await makeWorld(t);
  const host = await enrolHost(world, 'hsb1');
  for (const client of [host.client, world.bearer(BOOTSTRAP_TOKEN)])
    assert.equal((await client.post('/api/hosts/hsb1/register', registration)).status, 401);
});
