// Fetching from repositories that are gone, hang, or want to run programs.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, existsSync, globSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeSampleHost, type SampleHost } from '../../testing/sample-host.ts';
import { makeSampleStore, type SampleStore } from '../../testing/sample-store.ts';
import { mustRun } from '../child.ts';
import { git, gitEnvironment } from './git.ts';
import { closeRun, openRun } from '../run.ts';

let store: SampleStore;
before(async () => {
  store = await makeSampleStore();
});
after(() => store.remove());

function anyHost(t: { after: (fn: () => void) => void }): SampleHost {
  const host = makeSampleHost(store);
  t.after(host.remove);
  return host;
}

const from = (repository: string, commit: string) => ({
  verb: 'pull' as const,
  target: {
    targetId: null,
    repository,
    commit,
    attribute: 'nixosConfigurations.web1.config.system.build.toplevel',
    subject: null,
  },
});

test('a commit the repository does not have fails with a reason', async (t) => {
  await store.commit({ version: '1' });
  const told = await anyHost(t).run({ verb: 'pull' }, 'a'.repeat(40));
  assert.equal(told.result?.outcome, 'failed');
  assert.match(told.result.reason, /^the repository has no commit aaaa/);
  assert.equal(told.result.phase, 'fetch');
});

test('a repository that is gone fails with what Git says', async (t) => {
  const told = await anyHost(t).run(from(join(store.root, 'gone'), 'a'.repeat(40)));
  assert.equal(told.result?.outcome, 'failed');
  assert.match(told.result.reason, /^git fetch ended with exit code 128: fatal: .*not appear to be a git/);
});

test('a repository that hangs is given up when the run’s deadline passes', async (t) => {
  const server = createServer(() => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sockets = new Set<{ destroy: () => void }>();
  server.on('connection', (socket) => sockets.add(socket));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const told = await anyHost(t).run({ ...from(`http://127.0.0.1:${port}/fleet.git`, 'a'.repeat(40)), hardMs: 1000 });
  assert.equal(told.result?.outcome, 'timed_out');
  assert.match(told.result.reason, /passed in fetch/);
});

test('a remote helper that runs a program is not run, even if the order gets so far', async (t) => {
  const host = anyHost(t);
  const trace = join(host.root, 'ran');
  const folder = host.take(from(store.repository, 'a'.repeat(40)));
  const run = openRun(folder.root, host.host, { committed: false });
  t.after(() => closeRun(run));
  const command = git(null, 'ls-remote', `ext::sh -c "touch ${trace}"`);
  await assert.rejects(mustRun(run, 'fetch', command, { deadlineMs: 10_000, env: gitEnvironment(host.host.env) }));
  assert.equal(existsSync(trace), false);
});

test('hooks of a repository or a template are not run', async (t) => {
  const host = anyHost(t);
  const commit = await store.commit({ version: '2' });
  const trace = join(host.root, 'ran');
  const hook = `#!/bin/sh\ntouch ${trace}\n`;
  for (const name of ['post-checkout', 'post-merge', 'reference-transaction', 'pre-auto-gc'])
    writeFileSync(join(store.repository, '.git/hooks', name), hook, { mode: 0o755 });
  await host.run({ verb: 'test' }, commit);
  for (const name of ['post-checkout', 'post-merge', 'reference-transaction', 'pre-auto-gc'])
    rmSync(join(store.repository, '.git/hooks', name));
  assert.equal(existsSync(trace), false);
});

test('a commit no branch leads to any more is still fetched where the server gives it', async (t) => {
  const host = anyHost(t);
  await store.git('config', 'uploadpack.allowAnySHA1InWant', 'true');
  const lost = await store.commit({ version: '3' });
  await store.git('reset', '--quiet', '--hard', 'HEAD~1');
  const told = await host.run({ verb: 'pull' }, lost);
  assert.equal(told.result?.outcome, 'succeeded');
});

/** What a power cut leaves of files that were not synced. */
const emptied = (folder: string): void => {
  for (const file of globSync(['HEAD', 'objects/**/*'], { cwd: folder }))
    if (statSync(join(folder, file)).isFile()) {
      chmodSync(join(folder, file), 0o600);
      truncateSync(join(folder, file));
    }
};

const left: Record<string, (mirror: string) => void> = {
  'a power cut has emptied': emptied,
  'a killed Git has left locked': (mirror) => writeFileSync(join(mirror, 'refs/heads/main.lock'), ''),
};
for (const [what, damage] of Object.entries(left))
  test(`a mirror that ${what} is fetched anew`, async (t) => {
    const host = anyHost(t);
    assert.equal((await host.run({ verb: 'pull' }, await store.commit({ version: '4' }))).result?.outcome, 'succeeded');
    const next = await store.commit({ version: '5' });
    damage(host.state.mirror);
    const told = await host.run({ verb: 'pull' }, next);
    assert.equal(told.result?.outcome, 'succeeded', told.result?.reason ?? '');
    assert.ok(told.entries.some((e) => e.kind === 'warned' && e.reason.includes('damaged')));
  });

test('a sound mirror outlives a repository that is away', async (t) => {
  const host = anyHost(t);
  await host.run({ verb: 'pull' }, await store.commit({ version: '6' }));
  const { ino } = statSync(host.state.mirror);
  const told = await host.run(from(join(store.root, 'gone'), 'a'.repeat(40)));
  assert.equal(told.result?.outcome, 'failed');
  assert.equal(statSync(host.state.mirror).ino, ino);
});
