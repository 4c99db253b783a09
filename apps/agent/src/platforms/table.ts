// What each platform is to Nix, as one table: which attribute is built, which profile holds its generations, which link
// says what runs, and which program activates a closure.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Platform } from '@nixfleet/contract/verbs.ts';
import { type AgentConfig, homeOf } from '../config.ts';

/** A command as an argument array. */
export type Command = readonly [string, ...string[]];

/** Whose system it is and who we are. */
type Owner = { user: string; isRoot: boolean };

export type Driver = {
  attribute: (host: string, user: string) => string;
  /** Where the profile may lie; the first that exists is it, else the first. The same for the next two. */
  profile: (home: string, user: string) => readonly [string, ...string[]];
  currentSystem: (home: string, user: string) => readonly [string, ...string[]];
  /** null: nothing is booted but the operating system below. */
  bootedSystem: string | null;
  /** Run in this order; the last one decides. */
  activation: (path: string, owner: Owner) => readonly Command[];
  dryActivation: ((path: string) => Command) | null;
  /** Its activation moves the profile itself, so that we must not. */
  setsOwnProfile: boolean;
  /** Whose units systemd is asked about. */
  units: 'system' | 'user';
};

const systemProfile = ['/nix/var/nix/profiles/system'] as const;
const currentSystem = ['/run/current-system'] as const;

export const drivers: Record<Platform, Driver> = {
  nixos: {
    attribute: (host) => `nixosConfigurations.${host}.config.system.build.toplevel`,
    profile: () => systemProfile,
    currentSystem: () => currentSystem,
    bootedSystem: '/run/booted-system',
    activation: (path) => [[`${path}/bin/switch-to-configuration`, 'switch']],
    dryActivation: (path) => [`${path}/bin/switch-to-configuration`, 'dry-activate'],
    setsOwnProfile: false,
    units: 'system',
  },
  'nix-darwin': {
    attribute: (host) => `darwinConfigurations.${host}.system`,
    profile: () => systemProfile,
    currentSystem: () => currentSystem,
    bootedSystem: null,
    activation: (path, owner) => [...userActivation(path, owner), [`${path}/activate`]],
    dryActivation: null,
    setsOwnProfile: false,
    units: 'system',
  },
  'home-manager': {
    attribute: (host, user) => `homeConfigurations."${user}@${host}".activationPackage`,
    profile: (home, user) => [
      join(home, '.local/state/nix/profiles/home-manager'),
      `/nix/var/nix/profiles/per-user/${user}/home-manager`,
    ],
    currentSystem: (home) => [
      join(home, '.local/state/home-manager/gcroots/current-home'),
      join(home, '.local/state/nix/profiles/home-manager'),
    ],
    bootedSystem: null,
    activation: (path) => [[`${path}/activate`]],
    dryActivation: null,
    setsOwnProfile: true,
    units: 'user',
  },
};

/** nix-darwin before 2025 has a part that runs as the user; later ones keep a file that only says it is deprecated. */
function userActivation(path: string, { user, isRoot }: Owner): Command[] {
  const script = `${path}/activate-user`;
  if (!existsSync(script) || /^# nix-darwin: deprecated$/m.test(readFileSync(script, 'utf8'))) return [];
  return [isRoot && user !== 'root' ? ['sudo', '-u', user, '--set-home', '--', script] : [script]];
}

/** The links of this host: as configured, else by platform. */
export type Places = { profile: string; currentSystem: string; bootedSystem: string | null };

export function placesOf(config: AgentConfig, home: string = homeOf()): Places {
  const driver = drivers[config.platform];
  const first = (paths: readonly [string, ...string[]]): string => paths.find((p) => existsSync(p)) ?? paths[0];
  return {
    profile: config.profile ?? first(driver.profile(home, config.user)),
    currentSystem: config.currentSystem ?? first(driver.currentSystem(home, config.user)),
    bootedSystem: config.bootedSystem ?? driver.bootedSystem,
  };
}

/** The flake attribute this host is built from; an order for any other is refused. */
export const attributeOf = (config: AgentConfig): string =>
  config.attribute ?? drivers[config.platform].attribute(config.hostname, config.user);
