// Recovery beside things the kill matrix cannot time: an orphaned activation, a living executor, a resumed confirmation.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { realExecutor } from '../testing/real-executor.ts';
import { makeSampleHost, type SampleHost, tell } from '../testing/sample-host.ts';
import { makeSampleStore, type SampleStore } from '../testing/sample-store.ts';
import { ownProcess, processOf } from './process.ts';
import { recover } from './recover.ts';

let store: SampleStore;
let old: string;
let slow: { commit: string; path: string };
let good: { commit: string; path: string };

before(async () => {
  store = await makeSampleStore();
  const make = async (...args: Parameters<SampleStore['commit']>) => {
    const commit = await store.commit(...args);
    return { commit, path: await store.build(commit) };
  };
  old = (await make({ version: '1', mode: 'good' })).path;
  slow = await make({ version: '2', mode: 'slow' });
  good = await make({ version: '3', mode: 'good' });
});
after(() => store.remove());

async function hostThatRuns(t: { after: (fn: () => void) => void }, path: string): Promise<SampleHost> {
  const host = makeSampleHost(store);
  t.after(host.remove);
  await host.install(path);
  return host;
}

const deploy = { verb: 'pull-switch' } as const;

test('an activation that outlived its executor is ended before the host goes back', async (t) => {
  const host = await hostThatRuns(t, old);
  const folder = host.take(deploy, slow.commit);
  // The activation tells of itself, and then sleeps for minutes.
  const when = (): boolean => host.activations().length > 0;
  assert.equal(await realExecutor('execute', folder, host.host.env, { when }), 'killed');
  const orphan = JSON.parse(readFileSync(folder.child, 'utf8'));
  assert.notEqual(processOf(orphan.pid), undefined, 'it goes on without the executor');
  await recover(folder.root, host.host);
  assert.equal(processOf(orphan.pid), undefined);
  const { result } = tell(folder);
  assert.equal(result?.outcome, 'rolled_back');
  assert.equal(result.reason, 'the executor ended unexpectedly in activate');
  const { running, profile } = host.observe();
  assert.deepEqual({ running, profile }, { running: old, profile: old });
  assert.deepEqual(
    host.activations().map((a) => a.closure),
    [slow.path, old],
  );
  assert.equal(existsSync(host.state.quarantine), false, 'a dead executor is not the closure’s fault');
});

test('a confirmation is waited for again, and may still come', async (t) => {
  const host = await hostThatRuns(t, old);
  const folder = host.take({ ...deploy, confirmMs: 20_000 }, good.commit);
  const isConfirming = (): boolean => tell(folder).all('confirming').length > 0;
  const lines = await linesUntilConfirming(host);
  assert.equal(await realExecutor('execute', folder, host.host.env, { lines, afterMs: 0 }), 'killed');
  assert.equal(isConfirming(), true);
  const recovered = recover(folder.root, host.host);
  writeFileSync(folder.confirm, 'yes');
  await recovered;
  const told = tell(folder);
  assert.equal(told.result?.outcome, 'succeeded');
  assert.equal(host.observe().running, good.path);
  assert.equal(JSON.parse(readFileSync(host.state.deployed, 'utf8')).last.commit, good.commit);
  assert.equal(host.activations().length, 1);
});

test('a confirmation that does not come after a recovery either takes the change back', async (t) => {
  const host = await hostThatRuns(t, old);
  const lines = await linesUntilConfirming(host);
  const folder = host.take({ ...deploy, confirmMs: 1000 }, good.commit);
  await realExecutor('execute', folder, host.host.env, { lines, afterMs: 0 });
  await recover(folder.root, host.host);
  const { result } = tell(folder);
  assert.equal(result?.outcome, 'rolled_back');
  assert.match(result.reason, /^not confirmed within 1 s/);
  assert.equal(host.observe().running, old);
});

test('a confirmed rollback to what ran already is concluded, though nothing was built or changed', async (t) => {
  const host = await hostThatRuns(t, old);
  const order = { verb: 'rollback', args: { generation: 1 } } as const;
  const told = await host.run(order, undefined, (f) => writeFileSync(f.confirm, 'yes'));
  assert.equal(told.result?.outcome, 'succeeded');
  const folder = host.take(order);
  const confirmed = told.entries.findIndex((e) => e.kind === 'confirmed');
  const lines = told.entries.slice(0, confirmed + 1).map((e) => JSON.stringify(e));
  writeFileSync(folder.journal, `${lines.join('\n')}\n`);
  writeFileSync(folder.started, JSON.stringify({ ...ownProcess(), startTime: '1' }));
  await recover(folder.root, host.host);
  assert.equal(tell(folder).result?.outcome, 'succeeded');
});

test('a run whose executor lives is left to it', async (t) => {
  const host = await hostThatRuns(t, old);
  const folder = host.take(deploy, good.commit);
  writeFileSync(folder.started, JSON.stringify(ownProcess()));
  await recover(folder.root, host.host);
  assert.equal(existsSync(folder.journal), false);
});

test('two recoveries at once make one end', async (t) => {
  const host = await hostThatRuns(t, old);
  const folder = host.take(deploy, good.commit);
  writeFileSync(folder.started, JSON.stringify({ ...ownProcess(), startTime: '1' }));
  await Promise.all([recover(folder.root, host.host), realExecutor('recover', folder, host.host.env)]);
  const told = tell(folder);
  assert.deepEqual(
    told.entries.map((e) => e.kind),
    ['started', 'result'],
  );
  assert.equal(told.result?.outcome, 'interrupted');
});

test('a run that was never begun can be brought to its end and not begun after it', async (t) => {
  const host = await hostThatRuns(t, old);
  const folder = host.take(deploy, good.commit);
  await recover(folder.root, host.host);
  await realExecutor('execute', folder, host.host.env);
  const told = tell(folder);
  assert.deepEqual(
    told.entries.map((e) => e.kind),
    ['started', 'result'],
  );
  assert.equal(host.observe().running, old);
});

/** How long a journal is when it waits for its confirmation: learnt from a run on a host of its own. */
async function linesUntilConfirming(like: SampleHost): Promise<number> {
  const host = makeSampleHost(store);
  try {
    await host.install(String(like.observe().running));
    const told = await host.run({ ...deploy, confirmMs: 1000 }, good.commit);
    return told.entries.findIndex((e) => e.kind === 'confirming') + 1;
  } finally {
    host.remove();
  }
}
