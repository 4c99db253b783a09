// The host's own test scripts: order, folder, output, deadline, and what a script may get wrong.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { AgentConfig } from '../../config.ts';
import { makeSampleHost, type SampleHost } from '../../testing/sample-host.ts';
import { makeSampleStore, type SampleStore } from '../../testing/sample-store.ts';
import { processOf } from '../process.ts';

let store: SampleStore;
before(async () => {
  store = await makeSampleStore();
  await store.commit({ version: '0' });
});
after(() => store.remove());

function anyHost(t: { after: (fn: () => void) => void }, settings: Partial<AgentConfig> = {}): SampleHost {
  const host = makeSampleHost(store, settings);
  t.after(host.remove);
  return host;
}

/** A commit whose only test scripts are these. */
async function commitTests(scripts: Record<string, string | { text: string; mode: number }>): Promise<string> {
  await store.git('rm', '-r', '--quiet', '--ignore-unmatch', 'hosts/web1/tests');
  const files = Object.entries(scripts).map(([name, script]) => [
    `hosts/web1/tests/${name}`,
    typeof script === 'string' ? { text: script, mode: 0o755 } : script,
  ]);
  return store.commit({}, Object.fromEntries(files));
}

test('scripts run in byte order from the top of the checkout, and their output is kept', async (t) => {
  const commit = await commitTests({
    'T10-b.sh': '#!/bin/sh\necho ten\n',
    'T02-a.sh': '#!/bin/sh\npwd; ls flake.nix; echo oops >&2\n',
    'Ta.sh': '#!/bin/sh\necho lower\n',
    'helper.sh': '#!/bin/sh\nexit 1\n',
    'T02-a.md': 'a runbook',
  });
  const told = await anyHost(t).run({ verb: 'test' }, commit);
  assert.equal(told.result?.outcome, 'succeeded');
  assert.equal(told.result.reason, '3/3 pass');
  const ended = told.all('test').filter((e) => e.ok !== null);
  assert.deepEqual(
    ended.map((e) => `${e.index}/${e.total} ${e.name}`),
    ['1/3 T02-a', '2/3 T10-b', '3/3 Ta'],
  );
  assert.match(told.output(), new RegExp(`^${told.folder.checkout}\nflake.nix\n`, 'm'));
  assert.ok(told.all('output').some((e) => e.stream === 'stderr' && e.text === 'oops' && e.phase === 'test'));
  assert.deepEqual(
    told.all('test').map((e) => e.ok),
    [null, true, null, true, null, true],
  );
});

test('failing scripts are named, the others still run, and a deployment is taken back', async (t) => {
  const scripts = {
    'T01-ok.sh': '#!/bin/sh\n',
    'T02-port.sh': '#!/bin/sh\necho no port\nexit 3\n',
    'T03-ok.sh': '#!/bin/sh\n',
  };
  const commit = await commitTests(scripts);
  const host = anyHost(t, { requireTests: true });
  await host.install(await store.build((await store.git('rev-list', '--max-parents=0', 'HEAD')).trim()));
  const before = host.observe().running;
  await store.commit({ version: 'next' });
  const told = await host.run({ verb: 'pull-switch' }, (await store.git('rev-parse', 'HEAD')).trim(), (f) =>
    writeFileSync(f.confirm, 'yes'),
  );
  assert.equal(told.result?.outcome, 'rolled_back');
  assert.equal(told.result.reason, 'tests failed: T02-port');
  assert.equal(told.result.phase, 'test');
  assert.deepEqual(told.result.tests, { passed: 2, total: 3, failed: ['T02-port'] });
  assert.equal(told.all('test').find((e) => e.ok === false)?.reason, 'exit code 3');
  assert.match(told.output(), /no port/);
  assert.equal(host.observe().running, before);
  const only = await host.run({ verb: 'test' }, commit);
  assert.equal(only.result?.outcome, 'failed');
  const kept = JSON.parse(readFileSync(host.state.tests, 'utf8'));
  assert.deepEqual([kept.passed, kept.total, kept.failed, kept.storePath], [2, 3, ['T02-port'], before]);
});

test('a host without tests passes and says that there were none', async (t) => {
  const told = await anyHost(t).run({ verb: 'test' }, await commitTests({}));
  assert.equal(told.result?.outcome, 'succeeded');
  assert.equal(told.result.reason, 'no tests found');
  assert.deepEqual(told.result.tests, { passed: 0, total: 0, failed: [] });
});

test('a script that cannot be executed fails and says what is missing', async (t) => {
  const commit = await commitTests({
    'T01-mode.sh': { text: '#!/bin/sh\n', mode: 0o644 },
    'T02-bang.sh': 'echo no interpreter\n',
    'T03-gone.sh': '#!/no/such/interpreter\n',
  });
  const told = await anyHost(t).run({ verb: 'test' }, commit);
  assert.equal(told.result?.outcome, 'failed');
  const reasons = told.all('test').flatMap((e) => e.reason ?? []);
  assert.deepEqual(reasons.slice(0, 2), [
    'it is not executable: chmod +x it in the repository',
    'it does not begin with #! and an interpreter',
  ]);
  assert.match(String(reasons[2]), /exit code 12[67]/);
});

test('a script that never ends is ended with all it started, also what ignores SIGTERM', async (t) => {
  const host = anyHost(t, { testDeadlineMs: 700 });
  const pids = join(host.root, 'pids');
  const text = `#!/bin/sh
trap '' TERM
(trap '' TERM; echo started; sh -c 'echo $$ >> ${pids}; exec sleep 300') &
echo $$ >> ${pids}
while :; do sleep 300; done
`;
  const told = await host.run(
    { verb: 'test' },
    await commitTests({ 'T01-hangs.sh': text, 'T02-ok.sh': '#!/bin/sh\n' }),
  );
  assert.equal(told.result?.outcome, 'failed');
  assert.equal(told.all('test').find((e) => e.ok === false)?.reason, 'it took longer than 0.7 s');
  assert.deepEqual(told.result.tests, { passed: 1, total: 2, failed: ['T01-hangs'] });
  const left = readFileSync(pids, 'utf8').trim().split('\n').map(Number);
  assert.equal(left.length, 2);
  assert.deepEqual(
    left.filter((pid) => processOf(pid) !== undefined),
    [],
  );
});

test('what a script leaves running in its group does not outlive it', async (t) => {
  const host = anyHost(t);
  const pid = join(host.root, 'pid');
  const text = `#!/bin/sh\nsleep 300 >/dev/null 2>&1 & echo $! > ${pid}\n`;
  const told = await host.run({ verb: 'test' }, await commitTests({ 'T01-leaves.sh': text }));
  assert.equal(told.result?.outcome, 'succeeded');
  assert.equal(processOf(Number(readFileSync(pid, 'utf8'))), undefined);
});
