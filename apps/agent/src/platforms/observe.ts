// What really runs on this host, read from its links: never assumed from what was done.
import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { StorePath } from '@nixfleet/contract/names.ts';
import { isErrno } from '@nixfleet/kit/atomic-file.ts';
import type { AgentConfig } from '../config.ts';
import { type Places, placesOf } from './table.ts';

export type ObservedGeneration = { number: number; storePath: string; at: number; current: boolean };

export type ObservedSystem = {
  /** The closure the current-system link leads to; null where there is none. */
  running: string | null;
  booted: string | null;
  profile: string | null;
  /** The number of the profile's current generation. */
  generation: number | null;
  /** Oldest first. */
  generations: ObservedGeneration[];
};

export const observeSystem = (config: AgentConfig): ObservedSystem => observePlaces(placesOf(config));

export function observePlaces({ profile, currentSystem, bootedSystem }: Places): ObservedSystem {
  const generation = currentGeneration(profile);
  return {
    running: closureAt(currentSystem),
    booted: bootedSystem === null ? null : closureAt(bootedSystem),
    profile: closureAt(profile),
    generation,
    generations: generationsOf(profile, generation),
  };
}

/** Where generation `number` of a profile is linked. */
export const generationLink = (profile: string, number: number): string => `${profile}-${number}-link`;

/** The first store path on the way a link leads. It need not exist: what was collected is still named by its link. */
export function closureAt(link: string): string | null {
  for (let at = link, steps = 0; steps < 40; steps += 1) {
    const next = linkTarget(at);
    if (next === undefined) return null;
    at = resolve(dirname(at), next);
    if (StorePath.safeParse(at).success) return at;
  }
  return null;
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EINVAL')) return undefined;
    throw error;
  }
}

function currentGeneration(profile: string): number | null {
  const number = generationNumber(profile, basename(linkTarget(profile) ?? ''));
  return number ?? null;
}

function generationNumber(profile: string, name: string): number | undefined {
  const prefix = `${basename(profile)}-`;
  if (!name.startsWith(prefix)) return undefined;
  const digits = /^(\d{1,9})-link$/.exec(name.slice(prefix.length))?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function generationsOf(profile: string, current: number | null): ObservedGeneration[] {
  const folder = dirname(profile);
  const found = namesIn(folder).flatMap((name) => {
    const number = generationNumber(profile, name);
    const link = join(folder, name);
    const storePath = number === undefined ? null : closureAt(link);
    if (number === undefined || storePath === null) return [];
    return [{ number, storePath, at: Math.round(lstatSync(link).mtimeMs), current: number === current }];
  });
  return found.toSorted((a, b) => a.number - b.number);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}
