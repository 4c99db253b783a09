// The system section and the observer, on hosts made of links and stub tools.
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silent } from '@nixfleet/kit/log.ts';
import { DeployedDocument, PulledDocument, TestsDocument, writeDocument } from '../state/documents.ts';
import { collectorsOf, makeObserver } from './observe.ts';
import { describeOs, localHostName, parseOsRelease } from './os.ts';
import { makeReporter } from './report.ts';
import { needsReboot, systemFacts } from './system.ts';
import { makeSource, stubTool } from './testing/source.ts';

const commit = 'c'.repeat(40);

/** A closure below a store of the test's own, whose boot parts are links to what `parts` names. */
function makeClosure(root: string, name: string, parts: Record<string, string> = {}): string {
  const path = join(root, 'store', `${'0'.repeat(32)}-${name}`);
  mkdirSync(path, { recursive: true });
  for (const [part, content] of Object.entries(parts)) {
    const target = join(root, 'store', `${'1'.repeat(32)}-${content}`);
    mkdirSync(target, { recursive: true });
    symlinkSync(target, join(path, part));
  }
  return path;
}

test('NixOS tells its version, its nixpkgs and the commit it was built from', async (t) => {
  const source = makeSource(t);
  writeFileSync(source.osRelease, 'ID=nixos\nNAME=NixOS\nVERSION_ID="25.11"\n');
  const json = { nixosVersion: '25.11.20260101.abc', nixpkgsRevision: 'abc', configurationRevision: commit };
  stubTool(source, 'nixos-version', `[ "$1" = --json ] && echo '${JSON.stringify(json)}'`);
  const { kernel, ...os } = await describeOs(source);
  assert.deepEqual(os, { osName: 'NixOS', osVersion: '25.11.20260101.abc', nixpkgs: 'abc', revision: commit });
  assert.ok(kernel);
});

test('a NixOS built from a dirty tree, or whose tool fails, names no commit', async (t) => {
  const source = makeSource(t);
  writeFileSync(source.osRelease, 'ID=nixos\nNAME=NixOS\nVERSION_ID="25.11"\n');
  stubTool(source, 'nixos-version', `echo '{"configurationRevision":"${commit}-dirty"}'`);
  assert.equal((await describeOs(source)).revision, null);
  stubTool(source, 'nixos-version', 'exit 1');
  assert.equal((await describeOs(source)).osVersion, '25.11');
});

test('a Mac tells its name, version and host name', async (t) => {
  const source = makeSource(t, { os: 'darwin' });
  stubTool(source, 'sw_vers', `case "$1" in -productName) echo macOS;; -productVersion) echo 26.1;; esac`);
  stubTool(source, 'scutil', `[ "$*" = '--get LocalHostName' ] && echo Anna-MacBook`);
  const { kernel: _, ...os } = await describeOs(source);
  assert.deepEqual(os, { osName: 'macOS', osVersion: '26.1', nixpkgs: null, revision: null });
  assert.equal(await localHostName(source), 'Anna-MacBook');
  assert.equal(await localHostName({ ...source, os: 'linux' }), undefined);
});

test('os-release is read with its quotes', () => {
  const text = '# a comment\nNAME="Debian \\"GNU\\"/Linux"\nID=debian\nX=\'y z\'\nbroken\n';
  assert.deepEqual(parseOsRelease(text), { NAME: 'Debian "GNU"/Linux', ID: 'debian', X: 'y z' });
});

test('a reboot is needed when kernel, modules, initrd or systemd of the running closure are not the booted ones', async (t) => {
  const { root } = makeSource(t);
  const booted = makeClosure(root, 'booted', { kernel: 'linux-1', systemd: 'systemd-1' });
  const same = makeClosure(root, 'same', { kernel: 'linux-1', systemd: 'systemd-1' });
  const kernel = makeClosure(root, 'kernel', { kernel: 'linux-2', systemd: 'systemd-1' });
  const systemd = makeClosure(root, 'systemd', { kernel: 'linux-1', systemd: 'systemd-2' });
  assert.equal(await needsReboot(booted, same), false);
  assert.equal(await needsReboot(booted, kernel), true);
  assert.equal(await needsReboot(booted, systemd), true);
  assert.equal(await needsReboot(null, same), null);
  assert.equal(await needsReboot(makeClosure(root, 'bare-1'), makeClosure(root, 'bare-2')), null);
});

function deployedHost(t: TestContext) {
  const source = makeSource(t);
  const old = makeClosure(source.root, 'old');
  const running = makeClosure(source.root, 'new');
  symlinkSync(old, `${source.config.profile}-1-link`);
  symlinkSync(running, `${source.config.profile}-2-link`);
  symlinkSync('profile-2-link', source.config.profile ?? '');
  symlinkSync(running, source.config.currentSystem ?? '');
  writeDocument(source.state.deployed, DeployedDocument, { last: null, commits: { [running]: commit } });
  return { source, old, running };
}

test('the system section names what runs, its generations and the commits this agent deployed', async (t) => {
  const { source, old, running } = deployedHost(t);
  const fact = await systemFacts(source)();
  assert.deepEqual(
    [fact.running, fact.profile, fact.booted, fact.generation, fact.commit],
    [running, running, null, 2, commit],
  );
  assert.deepEqual(
    fact.generations.map((g) => [g.number, g.storePath, g.current, g.commit]),
    [
      [1, old, false, null],
      [2, running, true, commit],
    ],
  );
});

test('every section is observed; one that fails is absent and the others are there', async (t) => {
  const { source, running } = deployedHost(t);
  writeDocument(source.state.pulled, PulledDocument, { commit, at: 5 });
  const tests = { passed: 1, total: 2, failed: ['T01-x.sh'], storePath: running, at: 6 };
  writeDocument(source.state.tests, TestsDocument, tests);
  const warned: string[] = [];
  const log = { ...silent, warn: (_: object, message: string) => void warned.push(message) };
  const broken = {
    ...collectorsOf(source),
    agent: () => Promise.reject(new Error('no')),
    metrics: async () => undefined,
  };
  const observe = makeObserver(broken, log);
  const seen = await observe();
  assert.deepEqual(Object.keys(seen).toSorted(), ['config', 'system', 'tests']);
  assert.deepEqual(seen.config, { commit, pulledAt: 5 });
  assert.deepEqual(seen.tests, tests);
  await observe();
  assert.equal(warned.length, 1, 'the same failure is logged once');
});

test('a section that the contract would refuse is left out instead of losing the check-in', async (t) => {
  const { source } = deployedHost(t);
  const odd = { commit: 'main', pulledAt: null };
  const seen = await makeObserver({ ...collectorsOf(source), config: async () => odd }, silent)();
  assert.equal(seen.config, undefined);
  assert.ok(seen.system);
});

test('only what changed since it was acknowledged is reported, metrics always, ages by the monotonic clock', () => {
  let clock = 100;
  const reporter = makeReporter(() => clock);
  const metrics = { cpu: 1, ram: 2, swap: 3, load: 4, source: 'native' as const };
  const config = { commit, pulledAt: 1 };
  const first = reporter.report({ metrics, config }, 60);
  assert.deepEqual(first.facts, { metrics: { ageMs: 40, value: metrics }, config: { ageMs: 40, value: config } });
  assert.ok(reporter.report({ metrics, config }, clock).facts.config, 'not acknowledged yet');
  first.acknowledge();
  clock = 200;
  assert.deepEqual(Object.keys(reporter.report({ metrics, config }, clock).facts), ['metrics']);
  assert.ok(reporter.report({ config: { ...config, pulledAt: 2 } }, clock).facts.config, 'it changed');
  reporter.forget();
  assert.ok(reporter.report({ config }, clock).facts.config, 'the other side forgot');
});
