// Deployments on a relocated host with real Git and Nix: each way a run can end, and what the host is afterwards.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeSampleHost, type SampleHost, type Told } from '../testing/sample-host.ts';
import { makeSampleStore, type SampleStore } from '../testing/sample-store.ts';
import type { AgentConfig } from '../config.ts';
import { execute } from './execute.ts';

type Closures = { commit: string; path: string };

let store: SampleStore;
let good1: Closures;
let good2: Closures;
let failEarly: Closures;
let failUnits: Closures;
let noSwitch: Closures;
let failBack: Closures;

before(async () => {
  store = await makeSampleStore();
  const made = async (...args: Parameters<SampleStore['commit']>): Promise<Closures> => {
    const commit = await store.commit(...args);
    return { commit, path: await store.build(commit) };
  };
  good1 = await made({ version: '1', mode: 'good' });
  failBack = await made({ version: '1.5', mode: 'fail-back' });
  const tests = { 'hosts/web1/tests/T01-runs.sh': { text: '#!/bin/sh\necho "testing $1"\n', mode: 0o755 } };
  good2 = await made({ version: '2', mode: 'good' }, tests);
  failEarly = await made({ version: '3', mode: 'fail-early' });
  failUnits = await made({ version: '4', mode: 'fail-units' });
  noSwitch = await made({ version: '5', mode: 'no-switch' });
});
after(() => store.remove());

/** A host that runs `from`, removed when the test ends. */
async function hostThatRuns(
  t: { after: (fn: () => void) => void },
  from: Closures | null,
  settings: Partial<AgentConfig> = {},
): Promise<SampleHost> {
  const host = makeSampleHost(store, settings);
  t.after(host.remove);
  if (from) await host.install(from.path);
  return host;
}

/** Executes a run whose confirmation is answered as soon as it asks. */
async function confirmed(host: SampleHost, order: Parameters<SampleHost['run']>[0], commit?: string): Promise<Told> {
  return host.run(order, commit, (folder) => writeFileSync(folder.confirm, 'yes'));
}

test('a good commit is built, activated, seen running, confirmed and remembered', async (t) => {
  const host = await hostThatRuns(t, good1);
  const commit = await store.commit({ version: '2.1', mode: 'good' });
  const told = await confirmed(host, { verb: 'pull-switch' }, commit);
  const path = told.all('built')[0]?.storePath;
  assert.equal(told.result?.outcome, 'succeeded');
  assert.deepEqual(told.phases(), [
    'fetch done',
    'verify done',
    'build done',
    'diff done',
    'activate done',
    'observe done',
    'confirm done',
  ]);
  const { running, profile, generation } = host.observe();
  assert.deepEqual({ running, profile, generation }, { running: path, profile: path, generation: 2 });
  assert.deepEqual(host.activations(), [{ action: 'switch', closure: path }]);
  const deployed = JSON.parse(readFileSync(host.state.deployed, 'utf8'));
  assert.equal(deployed.last.commit, commit);
  assert.equal(deployed.commits[String(path)], commit);
  assert.equal(JSON.parse(readFileSync(host.state.pulled, 'utf8')).commit, commit);
  assert.equal(existsSync(told.folder.checkout), false);
  assert.match(told.output(), /building hello/);
  assert.deepEqual(
    told.all('diff')[0]?.packages.map(({ name, from, to }) => `${name} ${from} → ${to}`),
    ['hello 1 → 2.1', 'nixos-system-web1 1 → 2.1'],
  );
  assert.equal(told.all('progress').at(-1)?.expected, 2);
});

test('the way back is on disk before anything changes', async (t) => {
  const host = await hostThatRuns(t, good1);
  const told = await confirmed(host, { verb: 'pull-switch' }, good2.commit);
  const kinds = told.entries.map((e) => ('phase' in e ? `${e.kind} ${e.phase}` : e.kind));
  assert.ok(kinds.indexOf('intent') < kinds.indexOf('phase_started activate'));
  const { from, fromGeneration, to } = told.all('intent')[0] ?? {};
  assert.deepEqual({ from, fromGeneration, to }, { from: good1.path, fromGeneration: 1, to: good2.path });
});

test('a failing activation leaves the previous system running and says why', async (t) => {
  const host = await hostThatRuns(t, good1);
  const told = await confirmed(host, { verb: 'pull-switch' }, failEarly.commit);
  assert.equal(told.result?.outcome, 'failed');
  assert.equal(told.result.reason, 'activation failed with exit code 1');
  assert.equal(told.result.phase, 'activate');
  const { running, profile, generation } = host.observe();
  assert.deepEqual({ running, profile, generation }, { running: good1.path, profile: good1.path, generation: 1 });
  assert.deepEqual(
    host.activations().map((a) => a.closure),
    [failEarly.path, good1.path],
    'the previous system’s own activation repairs',
  );
  assert.match(told.output(), /the activation script failed/);
});

test('units that fail are named, the previous system comes back and the closure is quarantined', async (t) => {
  const host = await hostThatRuns(t, good1);
  const told = await confirmed(host, { verb: 'pull-switch' }, failUnits.commit);
  assert.equal(told.result?.outcome, 'rolled_back');
  assert.equal(told.result.reason, 'activation failed with exit code 4; units not started: nginx.service, php.service');
  assert.deepEqual(told.all('activated')[0]?.units, ['nginx.service', 'php.service']);
  assert.equal(host.observe().running, good1.path);
  assert.equal(host.observe().profile, good1.path);

  const again = await confirmed(host, { verb: 'pull-switch' }, failUnits.commit);
  assert.equal(again.result?.outcome, 'refused');
  assert.match(again.result.reason, /quarantined until .* unless forced/);
  const forced = await confirmed(host, { verb: 'pull-switch', args: { force: true } }, failUnits.commit);
  assert.equal(forced.result?.outcome, 'rolled_back');
});

test('an activation that ends well but switches nothing is no success', async (t) => {
  const host = await hostThatRuns(t, good1);
  const told = await confirmed(host, { verb: 'pull-switch' }, noSwitch.commit);
  assert.equal(told.result?.outcome, 'failed');
  assert.equal(told.result.reason, `the activation ended well, but ${good1.path} runs`);
  assert.equal(host.observe().profile, good1.path);
});

test('a way back that does not work is called half activated, with what runs', async (t) => {
  const host = await hostThatRuns(t, good1);
  await confirmed(host, { verb: 'pull-switch' }, failBack.commit);
  const told = await confirmed(host, { verb: 'pull-switch' }, failUnits.commit);
  assert.equal(told.result?.outcome, 'half_activated');
  assert.match(told.result.reason, /^activation failed with exit code 4; .* going back did not work: \S+-web1-4 runs/);
  assert.equal(told.result.running, failUnits.path);
});

test('an unanswered confirmation takes the change back within its window', async (t) => {
  const host = await hostThatRuns(t, good1);
  const told = await host.run({ verb: 'pull-switch', confirmMs: 1000 }, good2.commit);
  assert.equal(told.result?.outcome, 'rolled_back');
  assert.equal(told.result.reason, 'not confirmed within 1 s: the control plane could not be reached');
  assert.equal(host.observe().running, good1.path);
  assert.equal(existsSync(host.state.deployed), false);
});

test('a control plane that refuses to confirm sends the host back at once', async (t) => {
  const host = await hostThatRuns(t, good1);
  const told = await host.run({ verb: 'pull-switch' }, good2.commit, (f) => writeFileSync(f.confirm, 'no'));
  assert.equal(told.result?.outcome, 'rolled_back');
  assert.match(told.result.reason, /refused to confirm/);
});

test('a host that runs the target already is observed and confirmed, but not activated again', async (t) => {
  const host = await hostThatRuns(t, good2);
  const told = await confirmed(host, { verb: 'pull-switch', args: { test: true } }, good2.commit);
  assert.equal(told.result?.outcome, 'succeeded');
  assert.deepEqual(told.phases().slice(4), ['activate skipped', 'observe done', 'test done', 'confirm done']);
  assert.deepEqual(told.result.tests, { passed: 1, total: 1, failed: [] });
  assert.deepEqual(host.activations(), []);
});

test('a host that runs the target while its profile names another gets its profile set', async (t) => {
  const host = await hostThatRuns(t, good1);
  unlinkSync(String(host.config.currentSystem));
  symlinkSync(good2.path, String(host.config.currentSystem));
  const told = await confirmed(host, { verb: 'pull-switch' }, good2.commit);
  assert.equal(told.result?.outcome, 'succeeded');
  assert.equal(host.observe().profile, good2.path);
  assert.deepEqual(host.activations(), []);
});

test('a plan changes nothing and says which units it would touch', async (t) => {
  const host = await hostThatRuns(t, good1);
  const told = await host.run({ verb: 'plan' }, good2.commit);
  assert.equal(told.result?.outcome, 'succeeded');
  assert.deepEqual(told.phases(), ['fetch done', 'verify done', 'build done', 'diff done']);
  assert.deepEqual(told.all('diff')[0]?.units, ['stop old.service', 'restart nginx.service', 'restart sshd.service']);
  assert.equal(host.observe().running, good1.path);
  assert.equal(host.observe().generation, 1);
  assert.deepEqual(host.activations(), []);
});

test('a first deployment works without a previous system', async (t) => {
  const host = await hostThatRuns(t, null);
  const told = await confirmed(host, { verb: 'pull-switch' }, good1.commit);
  assert.equal(told.result?.outcome, 'succeeded');
  assert.equal(told.all('intent')[0]?.from, null);
});

test('a first deployment that fails says that nothing runs', async (t) => {
  const host = await hostThatRuns(t, null);
  const told = await confirmed(host, { verb: 'pull-switch' }, failEarly.commit);
  assert.equal(told.result?.outcome, 'failed');
  assert.match(told.result.reason, /there was no system before, nothing runs/);
  assert.equal(host.observe().profile, null);
});

test('a first deployment whose units fail has nothing to go back to and says so', async (t) => {
  const host = await hostThatRuns(t, null);
  const told = await confirmed(host, { verb: 'pull-switch' }, failUnits.commit);
  assert.equal(told.result?.outcome, 'half_activated');
  assert.equal(told.result.running, failUnits.path);
});

test('switch deploys a commit of the mirror without a network, pull only fetches and verifies it', async (t) => {
  const host = await hostThatRuns(t, good1);
  const pulled = await host.run({ verb: 'pull' }, good2.commit);
  assert.equal(pulled.result?.outcome, 'succeeded');
  assert.deepEqual(pulled.phases(), ['fetch done', 'verify done']);
  assert.equal(existsSync(pulled.folder.checkout), false);
  const target = { targetId: null, repository: 'https://192.0.2.1/gone.git', commit: good2.commit, subject: null };
  const attribute = 'nixosConfigurations.web1.config.system.build.toplevel';
  const told = await confirmed(host, { verb: 'switch', target: { ...target, attribute } });
  assert.equal(told.result?.outcome, 'succeeded');
  assert.equal(told.all('phase_ended')[0]?.reason, 'the commit was already here');
});

test('a rollback returns to the generation before, or to the one that is named', async (t) => {
  const host = await hostThatRuns(t, good1);
  await confirmed(host, { verb: 'pull-switch' }, failBack.commit);
  await confirmed(host, { verb: 'pull-switch' }, good2.commit);
  assert.equal(host.observe().generation, 3);

  const previous = await confirmed(host, { verb: 'rollback' });
  assert.equal(previous.result?.outcome, 'failed', 'this generation does not activate a second time');
  assert.equal(host.observe().running, good2.path);

  const named = await confirmed(host, { verb: 'rollback', args: { generation: 1 } });
  assert.equal(named.result?.outcome, 'succeeded');
  assert.deepEqual(named.phases(), ['activate done', 'observe done', 'confirm done']);
  assert.equal(host.observe().running, good1.path);
  assert.equal(host.observe().profile, good1.path);

  const forward = await confirmed(host, { verb: 'pull-switch' }, good2.commit);
  assert.equal(forward.result?.outcome, 'succeeded', 'the newest commit may be deployed again');
});

test('a rollback to a generation that is not there lists those that are', async (t) => {
  const host = await hostThatRuns(t, good1);
  const told = await confirmed(host, { verb: 'rollback', args: { generation: 9 } });
  assert.equal(told.result?.outcome, 'failed');
  assert.equal(told.result.reason, 'there is no generation 9; this host has: 1 (current)');
  const first = await confirmed(host, { verb: 'rollback' });
  assert.match(String(first.result?.reason), /^there is no generation before the current one/);
});

test('a run is executed at most once, whatever is started for it', async (t) => {
  const host = await hostThatRuns(t, good1);
  const told = await confirmed(host, { verb: 'pull-switch' }, good2.commit);
  await execute(told.folder.root, host.host);
  assert.equal(host.activations().length, 1);
  assert.equal(readFileSync(told.folder.journal, 'utf8').trimEnd().split('\n').length, told.entries.length);
});

test('a flake that does not evaluate fails with what Nix says', async (t) => {
  const host = await hostThatRuns(t, good1);
  await store.git('checkout', '--quiet', '-b', 'broken', good2.commit);
  writeFileSync(join(store.repository, 'flake.nix'), '{ outputs = _: throw "no such luck"; }');
  await store.git('commit', '--quiet', '-am', 'broken');
  const commit = (await store.git('rev-parse', 'HEAD')).trim();
  await store.git('checkout', '--quiet', 'main');
  const told = await host.run({ verb: 'pull-switch' }, commit);
  assert.equal(told.result?.outcome, 'failed');
  assert.equal(told.result.phase, 'build');
  assert.match(told.result.reason, /no such luck/);
});

test('the hard deadline ends a run that has changed nothing, and takes back one that has', async (t) => {
  const host = await hostThatRuns(t, good1);
  const sleepy = await store.commit(
    { version: '6', mode: 'good' },
    { 'hosts/web1/tests/T02-sleeps.sh': { text: '#!/bin/sh\nsleep 60 & sleep 60\n', mode: 0o755 } },
  );
  const tested = await host.run({ verb: 'test', hardMs: 1500 }, sleepy);
  assert.equal(tested.result?.outcome, 'timed_out');
  assert.equal(tested.result.reason, 'the hard deadline of 1.5 s passed in test');
  const told = await confirmed(host, { verb: 'pull-switch', args: { test: true }, hardMs: 3000 }, sleepy);
  assert.equal(told.result?.outcome, 'rolled_back');
  assert.match(told.result.reason, /the hard deadline of 3 s passed in test/);
  assert.equal(host.observe().running, good1.path);
});
