// A state folder on a disk that is full: the run still ends with a true result.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { isErrno } from '@nixfleet/kit/atomic-file.ts';
import { runCommand } from '@nixfleet/kit/command.ts';
import { makeSampleHost, type SampleHost, tell } from '../testing/sample-host.ts';
import { makeSampleStore, type SampleStore } from '../testing/sample-store.ts';
import { execute } from './execute.ts';

let store: SampleStore;
let old: string;
let commit: string;

before(async () => {
  store = await makeSampleStore();
  old = await store.build(await store.commit({ version: '1', mode: 'good' }));
  commit = await store.commit({ version: '2' });
});
after(() => store.remove());

/** A host whose state folder lies on a disk of 2 MiB; undefined where we may not mount one. */
async function hostOnSmallDisk(t: TestContext): Promise<SampleHost | undefined> {
  const root = mkdtempSync(join(tmpdir(), 'nixfleet-small-'));
  const disk = join(root, 'disk');
  mkdirSync(disk);
  const mounted = await runCommand('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'none', disk], { deadlineMs: 10_000 });
  t.after(async () => {
    if (mounted.code === 0) await runCommand('umount', ['-l', disk], { deadlineMs: 10_000 });
    rmSync(root, { recursive: true, force: true });
  });
  if (mounted.code !== 0) return undefined;
  const host = makeSampleHost(store, { stateDir: join(disk, 'state') }, root);
  await host.install(old);
  return host;
}

/** Takes up what is left of the disk, to the last page. */
function fill(host: SampleHost): void {
  for (let size = 1024 * 1024, n = 0; size >= 512; n += 1)
    try {
      writeFileSync(join(host.state.root, `filler-${n}`), Buffer.alloc(size), { flush: true });
    } catch (error) {
      if (!isErrno(error, 'ENOSPC')) throw error;
      size /= 2;
    }
}

test('a disk that is full before anything changed makes the run fail, saying so', async (t) => {
  const host = await hostOnSmallDisk(t);
  if (!host) return t.skip('mounting needs root');
  const folder = host.take({ verb: 'pull-switch' }, commit);
  const ended = execute(folder.root, host.host);
  fill(host);
  await ended;
  const told = tell(folder);
  assert.equal(told.result?.outcome, 'failed');
  assert.match(told.result.reason, /no space left/i);
  assert.equal(host.observe().running, old);
  assert.equal(told.entries.at(-1)?.kind, 'result');
});

test('a disk that fills while the host waits for its confirmation does not hide that it went back', async (t) => {
  const host = await hostOnSmallDisk(t);
  if (!host) return t.skip('mounting needs root');
  const folder = host.take({ verb: 'pull-switch', confirmMs: 1500 }, commit);
  const ended = execute(folder.root, host.host);
  for (let i = 0; i < 2000 && tell(folder).all('confirming').length === 0; i += 1)
    await new Promise((resolve) => setTimeout(resolve, 5));
  fill(host);
  await ended;
  const told = tell(folder);
  assert.equal(told.result?.outcome, 'rolled_back');
  assert.match(told.result.reason, /no space left.*not confirmed within 1\.5 s/);
  assert.equal(host.observe().running, old);
  assert.deepEqual(
    told.entries.map((e) => e.seq),
    told.entries.map((_, i) => i),
  );
});

test('a disk that fills during the activation does not hide that it went well', async (t) => {
  const host = await hostOnSmallDisk(t);
  if (!host) return t.skip('mounting needs root');
  host.host.env['SAMPLE_PAUSE'] = '0.3';
  const folder = host.take({ verb: 'pull-switch' }, commit);
  writeFileSync(folder.confirm, 'yes');
  const ended = execute(folder.root, host.host);
  for (let i = 0; i < 2000 && host.activations().length === 0; i += 1)
    await new Promise((resolve) => setTimeout(resolve, 5));
  fill(host);
  await ended;
  const told = tell(folder);
  assert.equal(told.result?.outcome, 'succeeded');
  assert.equal(host.observe().running, told.result.running);
  assert.equal(JSON.parse(readFileSync(host.state.deployed, 'utf8')).last.commit, commit);
});
