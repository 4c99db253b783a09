// The Nix modules and packages, evaluated by the real Nix with a stand-in library: nix/tests/lib.nix says what this proves
// and what it does not.
import assert from 'node:assert/strict';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { before, describe, type TestContext, test } from 'node:test';
import { commandOutput, runCommand } from '@nixfleet/kit/command.ts';
import { stringify } from 'smol-toml';
import * as z from 'zod';
import { type AgentConfig, readConfig } from '../../apps/agent/src/config.ts';
import { environment } from '../../apps/control/src/config.ts';
import { appNames, bundle } from '../../tools/bundle.ts';

const root = dirname(dirname(import.meta.dirname));
const DEADLINE_MS = 60_000;

const TomlFile = z.object({ source: z.object({ settings: z.record(z.string(), z.unknown()) }) });
const Unit = z.looseObject({
  environment: z.record(z.string(), z.string()),
  serviceConfig: z.record(z.string(), z.unknown()),
});
const NixosHost = z.object({
  environment: z.object({ etc: z.object({ 'nixfleet/agent.toml': TomlFile }) }),
  systemd: z.object({ services: z.object({ 'nixfleet-agent': Unit }) }),
});
const Job = z.looseObject({ Label: z.string(), ProgramArguments: z.array(z.string()) });
const HomeFiles = z.object({ configFile: z.object({ 'nixfleet/agent.toml': TomlFile }) });
const MacHome = z.object({
  xdg: HomeFiles,
  launchd: z.object({ agents: z.object({ 'nixfleet-agent': z.object({ config: Job }) }) }),
});
const NodeModules = z.object({
  fetched: z.record(z.string(), z.object({ spec: z.string(), outputHash: z.string().startsWith('sha512-') })),
  workspaces: z.record(z.string(), z.string()),
  script: z.string(),
});
const Option = z.object({ type: z.string(), required: z.boolean(), default: z.unknown(), values: z.unknown() });

const Evaluated = z.object({
  nixosOptions: z.record(z.string(), Option.partial()),
  homeOptions: z.record(z.string(), Option.partial()),
  nixosV1: NixosHost,
  nixosEverything: NixosHost,
  nixosDisabled: z.record(z.string(), z.unknown()),
  homeLinux: z.looseObject({
    xdg: HomeFiles,
    systemd: z.object({ user: z.object({ services: z.object({ 'nixfleet-agent': z.looseObject({}) }) }) }),
  }),
  homeDarwin: MacHome,
  homeDarwinOther: MacHome,
  darwin: z.object({
    environment: z.object({ etc: z.object({ 'nixfleet/agent.toml': TomlFile }) }),
    launchd: z.object({ daemons: z.object({ 'nixfleet-agent': z.object({ serviceConfig: Job }) }) }),
  }),
  control: z.object({
    systemd: z.object({ services: z.object({ nixfleet: Unit }) }),
    networking: z.object({ firewall: z.object({ allowedTCPPorts: z.array(z.int()) }) }),
  }),
  refused: z.record(z.string(), z.boolean()),
  assertions: z.record(z.string(), z.array(z.string())),
  nodeModules: z.object({ linux: NodeModules, mac: NodeModules }),
});

/** Needs no store: nothing is built. */
const evaluate = async (): Promise<z.infer<typeof Evaluated>> =>
  Evaluated.parse(
    JSON.parse(
      await commandOutput(
        'nix-instantiate',
        ['--eval', '--strict', '--json', '--store', 'dummy://', join(root, 'nix/tests/modules.nix')],
        { deadlineMs: DEADLINE_MS, maxBytes: 16 * 1024 * 1024 },
      ),
    ),
  );

/** What the real agent makes of a file that a module wrote. */
function readAsAgent(t: TestContext, { source }: z.infer<typeof TomlFile>): AgentConfig {
  const folder = mkdtempSync(join(tmpdir(), 'nixfleet-module-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const config = join(folder, 'agent.toml');
  writeFileSync(config, stringify(source.settings));
  return readConfig({ NIXFLEET_TOKEN_FILE: '/run/credentials/token' }, { config, systemName: 'web1' });
}

test('every Nix file parses', async () => {
  const files = ['flake.nix', ...globSync('nix/**/*.nix', { cwd: root })];
  assert.ok(files.length > 10);
  for (const file of files) {
    const { code, stderr } = await runCommand('nix-instantiate', ['--parse', join(root, file)], {
      deadlineMs: DEADLINE_MS,
    });
    assert.equal(code, 0, stderr);
  }
});

describe('the modules', () => {
  let all: z.infer<typeof Evaluated>;
  before(async () => (all = await evaluate()));

  test('keep v1’s options with their types, defaults and choices', () => {
    const {
      nixosOptions: { url, tokenFile, user, interval, location, deviceType, themeColor },
      homeOptions,
    } = all;
    assert.deepEqual([url?.required, tokenFile?.required, user?.default], [true, true, null]);
    assert.deepEqual([interval?.default, location?.default, deviceType?.default], [30, 'other', 'server']);
    assert.equal(themeColor?.default, '#769ff0');
    assert.deepEqual(location?.values, ['cloud', 'home', 'work', 'office', 'mobile', 'other']);
    assert.deepEqual(deviceType?.values, ['server', 'desktop', 'laptop', 'gaming', 'vm', 'container', 'other']);
    const { user: _, ...shared } = all.nixosOptions;
    assert.deepEqual(Object.keys(homeOptions).toSorted(), Object.keys(shared).toSorted());
  });

  test('refuse wrong values while they are evaluated', () => {
    const { nothing, ...wrong } = all.refused;
    assert.equal(nothing, false);
    assert.deepEqual([...new Set(Object.values(wrong))], [true]);
    const { none, loopback, insisting, controlEnvironmentFile, ...failing } = all.assertions;
    assert.deepEqual([none, loopback, insisting, controlEnvironmentFile], [[], [], [], []]);
    assert.deepEqual(
      Object.entries(failing).map(([name, messages]) => [name, messages.length]),
      [
        ['controlSecrets', 3],
        ['disguised', 1],
        ['http', 1],
        ['storeToken', 1],
      ],
    );
  });

  test('write a configuration file that the agent reads as it was meant', (t) => {
    const v1 = readAsAgent(t, all.nixosV1.environment.etc['nixfleet/agent.toml']);
    assert.deepEqual([v1.platform, v1.intervalMs, v1.location, v1.themeColor], ['nixos', 30_000, 'cloud', '#769ff0']);
    const full = readAsAgent(t, all.nixosEverything.environment.etc['nixfleet/agent.toml']);
    assert.deepEqual(
      [full.repository, full.intervalMs, full.confirmMs, full.trustedSigners, full.requireTests, full.criticality],
      ['https://git.example.com/fleet.git', 60_000, 300_000, '/etc/allowed-signers', true, 'high'],
    );
    const home = readAsAgent(t, all.homeLinux.xdg.configFile['nixfleet/agent.toml']);
    assert.deepEqual([home.platform, home.stateDir], ['home-manager', '/home/anna/.local/state/nixfleet-agent']);
    const mac = readAsAgent(t, all.darwin.environment.etc['nixfleet/agent.toml']);
    assert.deepEqual([mac.platform, mac.user], ['nix-darwin', 'anna']);
  });

  test('leave nothing behind when they are not enabled', () => {
    assert.deepEqual(Object.keys(all.nixosDisabled).toSorted(), ['nix', 'services', 'systemd']);
  });

  test('give the NixOS agent its token as a credential and leave it alone at activation', () => {
    const unit = all.nixosV1.systemd.services['nixfleet-agent'];
    assert.deepEqual(unit.serviceConfig['LoadCredential'], ['token:/run/agenix/nixfleet-token']);
    assert.equal(unit.environment['NIXFLEET_TOKEN_FILE'], '%d/token');
    assert.deepEqual([unit['restartIfChanged'], unit['stopIfChanged']], [false, false]);
    const { Restart, RestartSec, StateDirectory, StateDirectoryMode } = unit.serviceConfig;
    assert.deepEqual(
      [Restart, RestartSec, StateDirectory, StateDirectoryMode],
      ['always', 3, 'nixfleet-agent', '0700'],
    );
  });

  test('keep a Mac’s job the same in every generation', () => {
    const jobOf = ({ launchd }: z.infer<typeof MacHome>) => launchd.agents['nixfleet-agent'].config;
    assert.deepEqual(jobOf(all.homeDarwin), jobOf(all.homeDarwinOther));
    assert.equal(jobOf(all.homeDarwin).Label, 'com.nixfleet.agent');
    const daemon = all.darwin.launchd.daemons['nixfleet-agent'].serviceConfig;
    assert.equal(daemon.Label, 'com.nixfleet.agent');
    for (const job of [jobOf(all.homeDarwin), daemon]) assert.doesNotMatch(JSON.stringify(job), /\/nix\/store\//);
  });

  test('give the control plane only environment names that it knows, and its secrets as credentials', () => {
    const { environment: given, serviceConfig } = all.control.systemd.services.nixfleet;
    const known = Object.keys(environment).flatMap((name) => [name, `${name}_FILE`]);
    assert.deepEqual(
      Object.keys(given).filter((name) => name !== 'HOME' && !known.includes(name)),
      [],
    );
    assert.equal(given['NIXFLEET_PASSWORD_HASH_FILE'], '%d/passwordHashFile');
    assert.equal(given['NIXFLEET_TARGETS'], 'fleet=https://git.example.com/fleet.git#main,lab=/srv/lab#next');
    assert.deepEqual(serviceConfig['LoadCredential'], [
      'agentTokenHashSecretFile:/run/secrets/hash',
      'apiTokenFile:/run/secrets/api-token',
      'passwordHashFile:/run/secrets/password-hash',
      'sessionSecretsFile:/run/secrets/session',
    ]);
    assert.deepEqual([serviceConfig['DynamicUser'], serviceConfig['LimitNOFILE']], [true, 65_536]);
    assert.deepEqual(all.control.networking.firewall.allowedTCPPorts, [8000]);
  });

  test('fetch for the packages what the bundles are made of, by the lock’s own hashes', async () => {
    const Lock = z.object({ packages: z.record(z.string(), z.looseObject({ integrity: z.string().optional() })) });
    const lock = Lock.parse(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')));
    for (const { fetched, workspaces, script } of Object.values(all.nodeModules)) {
      for (const [path, { spec, outputHash }] of Object.entries(fetched)) {
        assert.equal(outputHash, lock.packages[path]?.integrity);
        assert.match(spec, /^(@[^/]+\/)?[^/@]+@\d[^/]*$/);
        assert.ok(script.includes(`-C "$out/${path}"`));
      }
      const here = new Set([...Object.keys(fetched), ...Object.keys(workspaces)]);
      for (const app of appNames)
        for (const name of (await bundle(app)).packages) {
          const bare = name.replace(' (beside)', '');
          assert.ok(here.has(`node_modules/${bare}`), `${bare} is part of ${app} and not fetched`);
        }
    }
    const names = Object.keys(all.nodeModules.linux.fetched);
    assert.ok(names.includes('node_modules/@esbuild/linux-x64'));
    assert.ok(!names.some((name) => /typescript|oxlint|darwin|win32|node-linux|musl/.test(name)), 'and nothing more');
    assert.ok('node_modules/@esbuild/darwin-arm64' in all.nodeModules.mac.fetched);
  });
});
