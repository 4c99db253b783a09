// A sample host as a machine: the folder it lives in, the system it was installed with, and its agent's configuration.
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'smol-toml';
import { readFileIfPresent, writeFileAtomic } from '@nixfleet/kit/atomic-file.ts';
import { commandOutput } from '@nixfleet/kit/command.ts';
import { type SampleHost, type SampleHostName, sampleHosts } from './hosts.ts';
import { nixBuild } from './nix.ts';
import type { Repository } from './repository.ts';

export type Machine = {
  name: SampleHostName;
  host: SampleHost;
  /** What `/` is to it; its activation writes below here. */
  root: string;
  stateDir: string;
  networkFile: string;
  env: Record<string, string | undefined>;
};

export function makeMachine(name: SampleHostName, folder: string, env: Record<string, string | undefined>): Machine {
  const root = join(folder, name);
  mkdirSync(join(root, 'etc'), { recursive: true });
  return {
    name,
    host: sampleHosts[name],
    root,
    stateDir: join(root, 'state'),
    networkFile: join(root, 'etc/network'),
    env: { ...env, NIXFLEET_DEMO_ROOT: root },
  };
}

export const isInstalled = ({ root, host }: Machine): boolean => existsSync(join(root, host.current));

/** Builds the newest configuration and activates it, as an installer does before there is an agent. */
export async function install({ host, root, env }: Machine, { origin, branch }: Repository): Promise<string> {
  const closure = await nixBuild(`git+file://${origin}?ref=${branch}#${host.attribute}`, { env });
  mkdirSync(join(root, 'profiles'), { recursive: true });
  await commandOutput('nix-env', ['--profile', join(root, host.profile), '--set', closure], {
    env,
    deadlineMs: 60_000,
  });
  const [script, ...args] = host.activation;
  await commandOutput(join(closure, script), args, { env, deadlineMs: 60_000 });
  if (host.platform === 'nixos') symlinkSync(closure, join(root, 'run/booted-system'));
  return closure;
}

export type AgentSettings = {
  url: string;
  token: string;
  confirmMs: number;
  intervalMs: number;
  testDeadlineMs?: number;
};

/** Writes the agent's configuration and its bootstrap token; gives the configuration file. */
export function configureAgent({ name, host, root, stateDir }: Machine, { token, ...settings }: AgentSettings): string {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const tokenFile = join(root, 'bootstrap-token');
  writeFileAtomic(tokenFile, `${token}\n`, 0o600);
  const file = join(root, 'agent.toml');
  const nixos = host.platform === 'nixos' ? { bootedSystem: join(root, 'run/booted-system') } : {};
  const { location, deviceType, criticality, themeColor, comment } = host;
  writeFileSync(
    file,
    stringify({
      hostname: name,
      platform: host.platform,
      user: 'demo',
      attribute: host.attribute,
      tokenFile,
      stateDir,
      profile: join(root, host.profile),
      currentSystem: join(root, host.current),
      ...nixos,
      requireTests: true,
      executor: 'detached',
      location,
      deviceType,
      criticality,
      themeColor,
      comment,
      ...settings,
    }),
  );
  return file;
}

/** Whether its agent has been given a name and a token of its own. */
export const isEnrolled = ({ stateDir }: Machine): boolean =>
  readFileIfPresent(join(stateDir, 'host.json')) !== undefined;
