// `nixfleet run --watch` as a program: what is told, how it ends, and what breaks in between.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Outcome } from '@nixfleet/contract/journal.ts';
import { Problem, toProblemBody } from '@nixfleet/contract/problem.ts';
import type { CreatedRuns } from '@nixfleet/contract/runs.ts';
import { failureLines, usage } from '../api/failure.ts';
import { paintFor } from '../terminal/style.ts';
import { type Cli, makeCli } from '../testing/cli.ts';
import { startControl, type TestControl } from '../testing/control.ts';
import { aHost, aRun, TOKEN } from '../testing/worlds.ts';
import { exitOf } from './outcome.ts';
import { refusals } from './refusals.ts';

type World = { cli: Cli; control: TestControl; newRuns: () => string[] };

async function world(use: (w: World) => Promise<void>): Promise<void> {
  const control = await startControl([aHost({ n: 1 }), aHost({ n: 2 })]);
  const cli = makeCli({ NIXFLEET_URL: control.url, NIXFLEET_TOKEN: TOKEN });
  try {
    await use({ cli, control, newRuns: () => [...control.runs.keys()] });
  } finally {
    cli.remove();
    await control.close();
  }
}

const output = (text: string) => ({ kind: 'output', phase: 'build', stream: 'stderr', text }) as const;

test('the exit status of a watched run is its outcome, for every outcome', () =>
  world(async ({ cli, control }) => {
    let streams = 0;
    for (const outcome of Outcome.options) {
      const watching = cli.start(['run', 'pull-switch', 'web1', '--watch']);
      await control.streams((streams += 1));
      control.end([...control.runs.keys()].at(-1) ?? '', outcome, 'because of a test');
      assert.equal((await watching.done).code, exitOf(outcome), outcome);
    }
  }));

test('one run is told in plain lines: phases, output, the outcome, what is true and what is next', () =>
  world(async ({ cli, control, newRuns }) => {
    const watching = cli.start(['run', 'pull-switch', 'web1', '-w']);
    await control.streams(1);
    const [id = ''] = newRuns();
    control.append(id, { kind: 'started', executor: 'systemd', pid: 1 });
    control.append(id, { kind: 'phase_started', phase: 'build' });
    control.append(id, output('building firefox\nwarning: \u001b[33mlate\u001b[0m'));
    control.append(id, { kind: 'phase_ended', phase: 'build', status: 'done', durationMs: 130_000 });
    control.append(id, {
      kind: 'test',
      name: 'T04-docker',
      index: 1,
      total: 1,
      passed: 0,
      ok: false,
      durationMs: 61_000,
    });
    control.append(id, {
      kind: 'phase_ended',
      phase: 'test',
      status: 'failed',
      durationMs: 61_000,
      reason: '0 of 1 pass',
    });
    control.change(id, { generation: 211 });
    control.end(id, 'rolled_back', 'tests failed: T04-docker');
    const { code, out, err } = await watching.done;
    assert.deepEqual([code, err], [3, '']);
    assert.equal(
      out,
      [
        '◌ Queued  pull-switch on web1  00001001',
        '▸ Building',
        '│ building firefox',
        '│ warning: late',
        '✓ Build    2m 10s',
        '  ✗ T04-docker 1m 01s',
        '✗ Test     1m 01s  0 of 1 pass',
        '↶ Rolled back — tests failed: T04-docker  1m 42s',
        '  web1 is safe on generation 211.',
        '  Next: nixfleet output 00001001',
        '',
      ].join('\n'),
    );
  }));

test('of many hosts every line names its host, a table sums up, and the worst outcome is the exit status', () =>
  world(async ({ cli, control, newRuns }) => {
    const watching = cli.start(['run', 'pull-switch', '--all', '--watch']);
    await control.streams(2);
    const [first = '', second = ''] = newRuns();
    control.append(second, output('from two'));
    control.append(first, output('from one'));
    control.end(second, 'failed', 'nginx.service failed');
    control.end(first, 'succeeded', 'runs generation 12');
    const { code, out } = await watching.done;
    assert.equal(code, 1);
    assert.match(out, /^web2 │ from two$/m);
    assert.match(out, /^web1 │ from one$/m);
    assert.match(
      out,
      /\nHost {2}Run {7}Outcome +Reason.*\nweb1 .* ✓ Succeeded .*\nweb2 .* ✗ Failed +nginx\.service failed/,
    );
  }));

test('a connection that breaks in the middle loses no line and repeats none', () =>
  world(async ({ cli, control, newRuns }) => {
    const watching = cli.start(['run', 'pull-switch', 'web1', '--watch']);
    await control.streams(1);
    const [id = ''] = newRuns();
    control.append(id, output('line 0'));
    await watching.saw('line 0');
    control.refuse(true);
    control.dropStreams();
    control.append(id, output('line 1'));
    await watching.saw('Connection lost');
    control.refuse(false);
    await control.streams(2);
    await watching.saw('Connection is back');
    control.append(id, output('line 2'));
    await watching.saw('line 2');
    control.dropStreams();
    control.end(id, 'succeeded', '');
    const { code, out } = await watching.done;
    assert.equal(code, 0);
    assert.deepEqual(out.match(/line \d/g), ['line 0', 'line 1', 'line 2']);
    const asked = control.seen.filter((s) => s.path.endsWith('/stream')).map((s) => s.headers['last-event-id']);
    assert.equal(asked[0], undefined);
    assert.equal(asked.at(-1), '2');
  }));

test('Ctrl-C stops the watching, not the run, and says how to go on and how to cancel', () =>
  world(async ({ cli, control, newRuns }) => {
    const watching = cli.start(['run', 'pull-switch', 'web1', '--watch']);
    await control.streams(1);
    control.append(newRuns()[0] ?? '', output('begun'));
    await watching.saw('begun');
    watching.signal('SIGINT');
    const { code, err } = await watching.done;
    assert.equal(code, 130);
    assert.equal(
      err,
      '! Stopped watching; the run goes on\n  Next: nixfleet watch 00001001, or nixfleet cancel 00001001\n',
    );
    assert.ok(!control.seen.some((s) => s.path.endsWith('/cancel')));
  }));

test('on a terminal one line is redrawn in place and is gone at the end', () =>
  world(async ({ cli, control, newRuns }) => {
    const watching = cli.start(['run', 'pull-switch', 'web1', '--watch'], { pty: true });
    await control.streams(1);
    const [id = ''] = newRuns();
    const progress = {
      done: 214,
      expected: 361,
      running: 3,
      failed: 0,
      bytesDone: 0,
      bytesExpected: 0,
      current: 'firefox',
    };
    control.change(id, { state: 'running', phase: 'build', progress });
    await watching.saw('Building 214/361');
    control.append(id, output('a line of output'));
    await watching.saw('a line of output');
    control.end(id, 'succeeded', 'runs generation 12');
    const { code, out } = await watching.done;
    assert.equal(code, 0);
    assert.ok(out.includes('\u001b[J'), 'it is redrawn');
    const end = out.slice(out.lastIndexOf('\u001b[?25h'));
    assert.match(end, /✓ Succeeded — runs generation 12/);
    assert.ok(!out.includes('▸ Building\r\n'), 'what the line shows needs no line of its own');
  }));

test('hosts that get no run are named with their problem, and the others are watched', () =>
  world(async ({ cli, control, newRuns }) => {
    const watching = cli.start(['run', 'pull-switch', 'nowhere', 'web1', '--watch', '--json']);
    await control.streams(1);
    control.end(newRuns()[0] ?? '', 'succeeded', '');
    const { code, out, err } = await watching.done;
    assert.equal(code, 2);
    assert.match(err, /^✗ No run for nowhere\n {2}There is no host nowhere\n {2}Next: nixfleet hosts$/m);
    const { results } = JSON.parse(out) as CreatedRuns;
    assert.deepEqual(
      results.map((r) => r.problem?.code ?? r.run?.state),
      ['host_not_found', 'succeeded'],
    );
  }));

test('what keeps many hosts from a run is said once for all of them', () => {
  const problem = (host: string) =>
    toProblemBody(new Problem('host_offline', `${host} has never called`, { next: 'Start its agent' }));
  const results = Array.from({ length: 300 }, (_, n) => ({ host: `web${n}`, problem: problem(`web${n}`) }));
  const [only, ...others] = refusals([...results, { host: 'db1', run: aRun({ n: 1 }) }], 'http://localhost');
  assert.equal(others.length, 0);
  assert.deepEqual(failureLines(only ?? usage('none'), paintFor(false)), [
    '✗ No run for web0, web1, web2, web3, web4 and 295 more',
    '  web0 has never called',
    '  Next: Start its agent',
  ]);
});

test('options become arguments of the run', () =>
  world(async ({ cli, control }) => {
    const commit = 'a'.repeat(40);
    await cli.run(['run', 'switch', 'web1', '--test', '--force', '--commit', commit, '--expires', '2h']);
    assert.deepEqual(control.seen.at(-1)?.body, {
      verb: 'switch',
      args: { test: true, force: true, commit },
      hosts: ['web1'],
      expiresInMs: 7_200_000,
    });
    await cli.run(['rollback', 'web1', '12']);
    assert.deepEqual(control.seen.at(-1)?.body, { verb: 'rollback', args: { generation: 12 }, hosts: ['web1'] });
  }));

test('watch follows a run that was started elsewhere, and a run that has ended ends at once', () =>
  world(async ({ cli, control }) => {
    const run = aRun({ n: 5, state: 'refused', reason: 'signature missing on 77ab210' });
    control.runs.set(run.id, run);
    const { code, out } = await cli.run(['watch', '00000005']);
    assert.equal(code, 5);
    assert.match(out, /⊘ Refused — signature missing on 77ab210/);
  }));
