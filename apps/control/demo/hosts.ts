// The hosts of the sample fleet and what their configuration holds at first. The tables become JSON files of the sample
// repository, which the flake reads and the sample commits change.
import * as z from 'zod';
import type { Platform } from '@nixfleet/contract/verbs.ts';

/** Size in KiB. */
const Package = z.object({ version: z.string(), size: z.int() });
export const Packages = z.record(z.string(), Package);
export type Packages = z.infer<typeof Packages>;

export const Settings = z.object({
  release: z.string(),
  /** `down` takes the host's network away when this configuration is activated. */
  network: z.enum(['up', 'down']),
  services: z.record(
    z.string(),
    z.object({
      port: z.int(),
      /** A service that does not start makes the activation fail. */
      starts: z.boolean(),
    }),
  ),
});
export type Settings = z.infer<typeof Settings>;

export type SampleHost = {
  platform: Platform;
  attribute: string;
  /** Where the closure that runs is linked from, below the host's folder. */
  current: string;
  profile: string;
  /** What activates a closure, below it. */
  activation: readonly [string, ...string[]];
  location: string;
  deviceType: string;
  criticality: 'low' | 'medium' | 'high';
  themeColor: string;
  comment: string;
  packages: Packages;
  settings: Settings;
};

const nixos = (name: string) =>
  ({
    platform: 'nixos',
    attribute: `nixosConfigurations.${name}.config.system.build.toplevel`,
    current: 'run/current-system',
    profile: 'profiles/system',
    activation: ['bin/switch-to-configuration', 'switch'],
  }) as const;

const service = (port: number) => ({ port, starts: true });

export const sampleHosts = {
  web1: {
    ...nixos('web1'),
    location: 'cloud',
    deviceType: 'server',
    criticality: 'high',
    themeColor: '#7aa2f7',
    comment: 'The shop and its web server',
    packages: {
      linux: { version: '6.12.58', size: 4096 },
      nginx: { version: '1.27.1', size: 1280 },
      openssl: { version: '3.3.2', size: 2048 },
      shop: { version: '4.2.0', size: 640 },
    },
    settings: { release: '25.11', network: 'up', services: { nginx: service(80), shop: service(3000) } },
  },
  db1: {
    ...nixos('db1'),
    location: 'cloud',
    deviceType: 'server',
    criticality: 'medium',
    themeColor: '#9ece6a',
    comment: 'The shop’s database',
    packages: {
      linux: { version: '6.12.58', size: 4096 },
      openssl: { version: '3.3.2', size: 2048 },
      postgresql: { version: '17.6', size: 3072 },
    },
    settings: { release: '25.11', network: 'up', services: { postgresql: service(5432) } },
  },
  laptop: {
    platform: 'home-manager',
    attribute: 'homeConfigurations."demo@laptop".activationPackage',
    current: 'gcroots/current-home',
    profile: 'profiles/home-manager',
    activation: ['activate'],
    location: 'mobile',
    deviceType: 'laptop',
    criticality: 'low',
    themeColor: '#bb9af7',
    comment: 'Somebody’s own machine: only their home is managed',
    packages: {
      git: { version: '2.51.2', size: 1024 },
      neovim: { version: '0.11.5', size: 1536 },
      syncthing: { version: '2.0.10', size: 768 },
    },
    settings: { release: '25.11', network: 'up', services: { syncthing: service(8384) } },
  },
} as const satisfies Record<string, SampleHost>;
export type SampleHostName = keyof typeof sampleHosts;
// The keys of a literal object are exactly its type's keys.
export const sampleHostNames = Object.keys(sampleHosts) as SampleHostName[];
