// The configuration repository of one machine: a flake whose systems are activated on a real systemd, and that go wrong in
// the ways a test asks for. It is served by git from our side of the switch.
import { chmodSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { git } from '../apps/control/demo/git.ts';
import { nixSystem } from '../apps/control/demo/repository.ts';
import type { Machine } from './machine.ts';
import { GATEWAY, type Site } from './site.ts';
import { until } from './until.ts';

/** One system, whole: a commit replaces everything. */
export type System = {
  /** Its version; also in the names of its hold points. */
  label: string;
  units: Record<string, string>;
  /** Lines of an nft ruleset. */
  firewall?: readonly string[];
  /** Shell, run in the middle of the activation, when the unit files are in place and nothing is restarted yet. */
  duringActivation?: string;
  /** Test scripts by name, without the first line. */
  tests?: Record<string, string>;
};

export type Sample = {
  /** Where machines and the control plane fetch it. */
  url: string;
  /** Commits a system and gives the full commit. */
  commit(system: System): Promise<string>;
};

const PORT = 9418;

export async function makeSample(site: Site, name: string, path: string): Promise<Sample> {
  const folder = join(site.folder, 'repositories');
  const [origin, work] = [join(folder, 'config.git'), join(folder, 'work')];
  mkdirSync(folder);
  await git(folder, path, 'init', '--quiet', '--bare', origin);
  await git(folder, path, 'init', '--quiet', work);
  cpSync(join(import.meta.dirname, 'sample'), work, { recursive: true });
  for (const script of ['activate', 'switch-to-configuration']) chmodSync(join(work, 'lib', script), 0o755);
  site.start('git', 'git', [
    'daemon',
    '--export-all',
    `--base-path=${folder}`,
    `--listen=${GATEWAY}`,
    `--port=${PORT}`,
    '--reuseaddr',
    '--log-destination=stderr',
  ]);
  return {
    url: `git://${GATEWAY}/config.git`,
    async commit(system) {
      writeSystem(join(work, 'hosts', name), system);
      writeFileSync(join(work, 'machine.json'), JSON.stringify({ name, label: system.label, system: nixSystem() }));
      await git(work, path, 'add', '--all');
      await git(work, path, 'commit', '--quiet', '--message', `${name}: ${system.label}`);
      await git(work, path, 'push', '--quiet', origin, 'HEAD:main');
      return git(work, path, 'rev-parse', 'HEAD');
    },
  };
}

function writeSystem(folder: string, { units, firewall = [], duringActivation = '', tests = {} }: System): void {
  rmSync(folder, { recursive: true, force: true });
  const write = (file: string, text: string, mode = 0o644): void => writeFileSync(join(folder, file), text, { mode });
  for (const part of ['system/units', 'tests']) mkdirSync(join(folder, part), { recursive: true });
  for (const [unit, text] of Object.entries(units)) write(`system/units/${unit}`, text);
  write('system/firewall.nft', ['flush ruleset', ...firewall, ''].join('\n'));
  write('system/during-activation', `${duringActivation}\n`);
  for (const [script, text] of Object.entries(tests)) write(`tests/${script}`, `#!/bin/sh\nset -eu\n${text}\n`, 0o755);
}

/** What NixOS does when it boots: the profile's system is activated before anything of it is started. */
const bootUnit = [
  '[Unit]',
  'Description=Activates the system profile',
  'ConditionPathExists=/nix/var/nix/profiles/system',
  '[Service]',
  'Type=oneshot',
  'RemainAfterExit=yes',
  'ExecStart=/nix/var/nix/profiles/system/activate',
  'ExecStart=ln -sfT /run/current-system /run/booted-system',
  'ExecStart=systemctl daemon-reload',
  "ExecStart=/bin/sh -c 'systemctl start --no-block $(ls /run/current-system/etc/systemd/system)'",
  '[Install]',
  'WantedBy=multi-user.target',
  '',
].join('\n');

/** Before the first boot: what starts the profile's system. */
export function prepareBoot(machine: Machine): void {
  machine.write('/etc/systemd/system/activation.service', bootUnit);
  machine.link(
    '/etc/systemd/system/activation.service',
    '/etc/systemd/system/multi-user.target.wants/activation.service',
  );
}

/** Builds and activates the newest system, as an installer would. Gives its store path. */
export async function install(machine: Machine, { url }: Sample): Promise<string> {
  const attribute = `nixosConfigurations.${machine.name}.config.system.build.toplevel`;
  const build = `nix build --no-link --print-out-paths 'git+file:///root/config#${attribute}'`;
  const path = await machine.sh(`git clone --quiet --branch main ${url} /root/config && ${build}`);
  const system = path.trim();
  await machine.sh(
    `rm -rf /root/config
     nix-env --profile /nix/var/nix/profiles/system --set ${system}
     ${system}/bin/switch-to-configuration switch
     ln -sfT ${system} /run/booted-system
     sync`,
  );
  return system;
}

/** Keeps the machine at a point of its build or activation; resolves to what lets it go on. */
export async function hold(machine: Machine, point: string): Promise<Hold> {
  await machine.sh(`mkdir -p /run/hold && : > /run/hold/${point}`);
  return {
    reached: async (deadlineMs = 20_000) =>
      void (await until(() => machine.read(`/run/hold/${point}.reached`) !== undefined, {
        what: `${machine.name} at ${point}`,
        deadlineMs,
      })),
    release: async () => void (await machine.sh(`rm -f /run/hold/${point} /run/hold/${point}.reached`)),
  };
}
export type Hold = { reached(deadlineMs?: number): Promise<void>; release(): Promise<void> };

/** How often each system was activated, by label, in order. */
export const activations = (machine: Machine): string[] =>
  (machine.read('/var/log/activations') ?? '').split('\n').filter((line) => line !== '');
