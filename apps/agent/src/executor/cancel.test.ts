// A cancel stops what has changed nothing, and comes too late for the rest.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeSampleHost, type SampleHost, tell } from '../testing/sample-host.ts';
import { makeSampleStore, type SampleStore } from '../testing/sample-store.ts';
import type { RunFolder } from '../state/folder.ts';
import { execute } from './execute.ts';
import { processOf } from './process.ts';

let store: SampleStore;
let old: string;
let commit: string;

before(async () => {
  store = await makeSampleStore();
  old = await store.build(await store.commit({ version: '1', mode: 'good' }));
  const text = '#!/bin/sh\necho $$ > "$SAMPLE_HOST/sleeper"\nsleep 60\n';
  commit = await store.commit({ version: '2' }, { 'hosts/web1/tests/T01-sleeps.sh': { text, mode: 0o755 } });
});
after(() => store.remove());

async function anyHost(t: { after: (fn: () => void) => void }): Promise<SampleHost> {
  const host = makeSampleHost(store);
  t.after(host.remove);
  await host.install(old);
  return host;
}

async function until(what: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !what(); i += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(what(), 'it did not happen in time');
}

const begun = (folder: RunFolder, phase: string): boolean =>
  tell(folder)
    .all('phase_started')
    .some((e) => e.phase === phase);

test('a run that is cancelled before it begins ends at once', async (t) => {
  const host = await anyHost(t);
  const told = await host.run({ verb: 'pull-switch' }, commit, (f) => writeFileSync(f.cancel, ''));
  assert.equal(told.result?.outcome, 'cancelled');
  assert.equal(told.result.reason, 'an operator cancelled it in fetch');
  assert.deepEqual(told.all('intent'), []);
});

test('running tests are ended with all they started', async (t) => {
  const host = await anyHost(t);
  const folder = host.take({ verb: 'test' }, commit);
  const ended = execute(folder.root, host.host);
  const sleeper = join(host.root, 'sleeper');
  await until(() => existsSync(sleeper) && readFileSync(sleeper, 'utf8') !== '');
  writeFileSync(folder.cancel, '');
  await ended;
  assert.equal(tell(folder).result?.outcome, 'cancelled');
  assert.equal(tell(folder).result?.phase, 'test');
  assert.equal(processOf(Number(readFileSync(sleeper, 'utf8'))), undefined);
});

test('after the host was changed a cancel is noted once and changes nothing', async (t) => {
  const host = await anyHost(t);
  const folder = host.take({ verb: 'pull-switch' }, commit);
  const ended = execute(folder.root, host.host);
  await until(() => begun(folder, 'confirm'));
  writeFileSync(folder.cancel, '');
  await until(() => tell(folder).all('warned').length > 0);
  writeFileSync(folder.cancel, 'again');
  writeFileSync(folder.confirm, 'yes');
  await ended;
  const told = tell(folder);
  assert.equal(told.result?.outcome, 'succeeded');
  assert.deepEqual(
    told.all('warned').map((e) => e.reason),
    ['cannot cancel any more: the host is being changed'],
  );
});
