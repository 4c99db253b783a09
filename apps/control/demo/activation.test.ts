// The sample systems are built by real Nix and activated by their own scripts, as NixOS and home-manager do it.
import assert from 'node:assert/strict';
import { existsSync, globSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { runCommand } from '@nixfleet/kit/command.ts';
import { changes, commitChange, type ChangeName } from './commit.ts';
import { type SampleHostName, sampleHostNames, sampleHosts } from './hosts.ts';
import { nixBuild, nixEnvironment } from './nix.ts';
import { openRepository } from './repository.ts';

const path = process.env['PATH'] ?? '';

/** A repository, a Nix of its own, and hosts that can be built, activated and tested. */
async function world() {
  const folder = mkdtempSync(join(tmpdir(), 'nixfleet-sample-'));
  const repository = await openRepository({ folder: join(folder, 'repository'), path, pace: '0' });
  const root = (host: SampleHostName): string => join(folder, 'hosts', host);
  const env = (host: SampleHostName) => ({
    PATH: path,
    HOME: folder,
    ...nixEnvironment(join(folder, 'nix')),
    NIXFLEET_DEMO_ROOT: root(host),
  });
  const current = (host: SampleHostName): string | undefined => {
    const link = join(root(host), sampleHosts[host].current);
    return existsSync(link) ? readlinkSync(link) : undefined;
  };
  const build = (host: SampleHostName, lines: string[] = []): Promise<string> =>
    nixBuild(`git+file://${repository.work}#${sampleHosts[host].attribute}`, {
      env: env(host),
      onLine: (line) => lines.push(line),
    });
  const activate = (host: SampleHostName, closure: string, action?: string) => {
    const [script, verb] = sampleHosts[host].activation;
    const args = [action ?? verb].filter((a) => a !== undefined);
    return runCommand(join(closure, script), args, { env: env(host), deadlineMs: 60_000 });
  };
  /** The names of the host's scripts that fail. */
  const failingTests = async (host: SampleHostName): Promise<string[]> => {
    const failing: string[] = [];
    for (const script of globSync(`hosts/${host}/tests/T*.sh`, { cwd: repository.work }).sort()) {
      const r = await runCommand(script, [], { cwd: repository.work, env: env(host), deadlineMs: 60_000 });
      if (r.code !== 0) failing.push(script.split('/').at(-1) ?? script);
    }
    return failing;
  };
  return { folder, repository, root, current, build, activate, failingTests };
}

describe('the sample fleet', async () => {
  const w = await world();
  after(async () => {
    // Nix makes its store read-only.
    await runCommand('chmod', ['-R', 'u+w', w.folder], { deadlineMs: 30_000 });
    rmSync(w.folder, { recursive: true, force: true });
  });

  for (const host of sampleHostNames)
    test(`${host} builds with no network, activates and passes its tests`, async () => {
      const lines: string[] = [];
      const closure = await w.build(host, lines);
      assert.ok(
        lines.some((line) => /> \[100%\] building /.test(line)),
        'the build prints log lines',
      );
      const r = await w.activate(host, closure);
      assert.equal(r.code, 0, r.stderr);
      assert.equal(w.current(host), closure);
      assert.deepEqual(await w.failingTests(host), []);
    });

  test('a good commit changes every closure, and dry-activate names the units in NixOS’s words', async () => {
    const before = w.current('web1');
    const { subject } = await commitChange(w.repository, 'good');
    assert.match(subject, /^web1, db1, laptop: /);
    const closure = await w.build('web1');
    assert.notEqual(closure, before);
    const dry = await w.activate('web1', closure, 'dry-activate');
    assert.match(dry.stderr, /^would activate the configuration\.\.\.$/m);
    assert.match(dry.stderr, /^would restart the following units: nginx\.service$/m);
    assert.equal(w.current('web1'), before, 'nothing moved');
    await w.activate('web1', closure);
    assert.equal(w.current('web1'), closure);
  });

  for (const host of ['web1', 'laptop'] as const)
    test(`a failing activation of ${host} names the units and leaves the running system`, async () => {
      const before = w.current(host);
      const closure = await bad('fails-activation', host);
      const r = await w.activate(host, closure);
      assert.equal(r.code, host === 'laptop' ? 1 : 4);
      assert.match(r.stderr, /(?:nginx|syncthing)\.service/);
      assert.equal(w.current(host), before);
    });

  test('a commit that fails its tests activates, and its tests say why', async () => {
    await w.activate('db1', await bad('fails-tests', 'db1'));
    assert.deepEqual(await w.failingTests('db1'), ['T10-postgresql.sh']);
  });

  test('a commit that cuts a host off takes its network down, and the way back brings it up', async () => {
    const network = (): string => readFileSync(join(w.root('web1'), 'etc/network'), 'utf8').trim();
    const before = w.current('web1') ?? '';
    await w.activate('web1', await bad('cuts-off', 'web1'));
    assert.equal(network(), 'network=down');
    await w.activate('web1', before);
    assert.equal(network(), 'network=up');
  });

  test('the next good commit mends what a bad one broke', async () => {
    await commitChange(w.repository, 'good');
    for (const host of sampleHostNames) {
      await w.activate(host, await w.build(host));
      assert.deepEqual(await w.failingTests(host), []);
    }
  });

  async function bad(change: ChangeName, host: SampleHostName): Promise<string> {
    const { subject } = await commitChange(w.repository, change, [host]);
    assert.ok(subject.endsWith(changes[change].what), subject);
    return w.build(host);
  }
});
