// `nixfleet runs`, `show`, `output` and `cancel` as a program, also against hostile text.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Run } from '@nixfleet/contract/runs.ts';
import { type Cli, makeCli } from '../testing/cli.ts';
import { startControl, type TestControl } from '../testing/control.ts';
import { aHost, aRun, AT, TOKEN } from '../testing/worlds.ts';

const ended = aRun({
  n: 7,
  state: 'rolled_back',
  reason: 'tests failed: T04',
  generation: 211,
  startedAt: AT,
  finishedAt: AT + 252_000,
  phases: [
    { phase: 'fetch', status: 'done', startedAt: AT, durationMs: 3000, reason: null },
    { phase: 'test', status: 'failed', startedAt: AT, durationMs: 61_000, reason: '13 of 14 pass' },
    { phase: 'confirm', status: 'todo', startedAt: null, durationMs: null, reason: null },
  ],
});
const live = aRun({
  n: 8,
  hostId: aHost({ n: 2 }).id,
  hostName: 'web2',
  state: 'running',
  phase: 'build',
  startedAt: AT,
});

async function world(use: (w: { cli: Cli; control: TestControl }) => Promise<void>): Promise<void> {
  const control = await startControl([aHost({ n: 1 }), aHost({ n: 2 })], [ended, live]);
  const cli = makeCli({ NIXFLEET_URL: control.url, NIXFLEET_TOKEN: TOKEN });
  try {
    await use({ cli, control });
  } finally {
    cli.remove();
    await control.close();
  }
}

test('show tells the phases with their times, how it ended and what to do next', () =>
  world(async ({ cli }) => {
    const { out, code } = await cli.run(['show', 'web1']);
    assert.equal(code, 0);
    assert.match(out, /^pull-switch on web1\nStarted by admin .*, took 4m 12s\n/);
    assert.match(out, /\n✓ {2}Fetch {4}3s\n✗ {2}Test {5}1m 01s, 13 of 14 pass\n· {2}Confirm {2}not reached\n/);
    assert.match(
      out,
      /↶ Rolled back — tests failed: T04 {2}4m 12s\n {2}web1 is safe on generation 211\.\n {2}Next: nixfleet output 00000007\n$/,
    );
  }));

test('a run is meant by its id, its beginning, its end, or its host', () =>
  world(async ({ cli }) => {
    for (const name of [ended.id, '00000007', '7000-8000-000000000007', 'web1']) {
      const { out, err } = await cli.run(['show', name, '--json']);
      assert.equal((JSON.parse(out || '{}') as Run).id, ended.id, name + err);
    }
    assert.match((await cli.run(['show', '019a'])).err, /019a means 2 runs/);
    assert.equal((await cli.run(['show', 'ffffffff'])).code, 2);
    assert.equal((await cli.run(['show', 'web9'])).code, 64);
  }));

test('lists are one JSON document with the keys of the API', () =>
  world(async ({ cli, control }) => {
    const { out } = await cli.run(['runs', '--json']);
    assert.deepEqual(JSON.parse(out), { runs: [live, ended] });
    const hosts = await cli.run(['hosts', '--json']);
    assert.deepEqual(JSON.parse(hosts.out), { hosts: [...control.hosts.values()] });
    await cli.run(['runs', '--live', '--host', 'web2', '-n', '5']);
    assert.equal(control.seen.at(-1)?.path, '/api/runs?host=web2&live=true&limit=5');
  }));

test('output is printed as it was written, and ends with its line', () =>
  world(async ({ cli, control }) => {
    control.answers.set(`GET /api/runs/${ended.id}/output`, 'one\ntwo \u001b[32mgreen\u001b[0m\n\u001b[2Jthree');
    const { out } = await cli.run(['output', 'web1']);
    assert.equal(out, 'one\ntwo green\n\\x1b[2Jthree\n');
    const coloured = await cli.run(['output', 'web1'], { env: { FORCE_COLOR: '1' } });
    assert.equal(coloured.out, 'one\ntwo \u001b[32mgreen\u001b[0m\u001b[0m\n\\x1b[2Jthree\n');
  }));

test('output follows a run to its end, as text or as one entry a line', () =>
  world(async ({ cli, control }) => {
    control.append(live.id, { kind: 'output', phase: 'build', stream: 'stdout', text: 'a' });
    control.append(live.id, { kind: 'phase_ended', phase: 'build', status: 'done', durationMs: 1 });
    const text = cli.start(['output', 'web2', '--follow']);
    const json = cli.start(['output', 'web2', '--follow', '--json']);
    await control.streams(2);
    control.append(live.id, { kind: 'output', phase: 'test', stream: 'stdout', text: 'b' });
    control.end(live.id, 'succeeded', '');
    assert.deepEqual([(await text.done).out, (await text.done).code], ['a\nb\n', 0]);
    const entries = (await json.done).out
      .trim()
      .split('\n')
      .map((l) => JSON.parse(l) as { text: string });
    assert.deepEqual(
      entries.map((e) => e.text),
      ['a', 'b'],
    );
    const all = await cli.run(['output', 'web2', '--json']);
    assert.equal((JSON.parse(all.out) as { entries: unknown[] }).entries.length, 2);
  }));

test('cancel asks for it and shows that it was asked', () =>
  world(async ({ cli, control }) => {
    const { out } = await cli.run(['cancel', 'web2']);
    assert.match(out, /Cancelling \(building\) {2}pull-switch on web2/);
    assert.ok(control.seen.some((s) => s.method === 'POST' && s.path === `/api/runs/${live.id}/cancel`));
  }));

test('nothing a server says can steer the terminal', () =>
  world(async ({ cli, control }) => {
    const evil = 'x\u001b]0;owned\u0007\u009b2J\r\u202ey';
    const host = aHost({ n: 3, comment: evil, location: evil });
    const run = aRun({
      n: 9,
      hostId: host.id,
      hostName: 'web3',
      state: 'failed',
      reason: evil,
      createdBy: evil,
      phases: [{ phase: 'test', status: 'failed', startedAt: AT, durationMs: 1, reason: evil }],
    });
    control.hosts.set(host.id, { ...host, lastRun: run, convergence: { ...host.convergence, reason: evil } });
    control.runs.set(run.id, run);
    control.answers.set(`GET /api/runs/${run.id}/output`, evil);
    control.append(run.id, { kind: 'output', phase: 'test', stream: 'stdout', text: evil });
    control.append(run.id, { kind: 'warned', reason: evil });
    for (const args of [
      ['hosts'],
      ['host', 'web3'],
      ['runs'],
      ['show', 'web3'],
      ['output', 'web3'],
      ['watch', 'web3'],
      ['host', evil],
    ]) {
      const { out, err } = await cli.run(args, { env: { FORCE_COLOR: '1' } });
      const ours = (out + err).replaceAll(/\u001b\[[0-9;]*m/g, '');
      assert.doesNotMatch(ours, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/, args.join(' '));
      assert.notEqual(ours, '');
    }
  }));
