// What the operating system calls itself, and the name it gives the host.
import { release } from 'node:os';
import { Commit } from '@nixfleet/contract/names.ts';
import { readSmallFile } from './small-file.ts';
import { ask, type Source } from './source.ts';

export type Os = {
  osName: string;
  osVersion: string;
  kernel: string;
  nixpkgs: string | null;
  /** The commit the running system says it was built from (`system.configurationRevision`). */
  revision: string | null;
};

export async function describeOs(source: Source): Promise<Os> {
  const named = source.os === 'darwin' ? await macOs(source) : await linux(source);
  return { kernel: release().slice(0, 128), nixpkgs: null, revision: null, ...named };
}

async function macOs(source: Source): Promise<Partial<Os> & Pick<Os, 'osName' | 'osVersion'>> {
  const [name, version, darwin] = await Promise.all([
    ask(source, 'sw_vers', '-productName'),
    ask(source, 'sw_vers', '-productVersion'),
    ask(source, 'darwin-version', '--json'),
  ]);
  return { osName: cut(name ?? 'macOS', 64), osVersion: cut(version ?? 'unknown', 128), ...revisions(darwin) };
}

async function linux(source: Source): Promise<Partial<Os> & Pick<Os, 'osName' | 'osVersion'>> {
  const release = parseOsRelease((await readSmallFile(source.osRelease, { follow: true })) ?? '');
  const json = release['ID'] === 'nixos' ? await ask(source, 'nixos-version', '--json') : undefined;
  const version = fieldOf(json, 'nixosVersion') ?? release['VERSION_ID'] ?? release['BUILD_ID'] ?? 'unknown';
  return { osName: cut(release['NAME'] ?? 'Linux', 64), osVersion: cut(version, 128), ...revisions(json) };
}

function revisions(json: string | undefined): Pick<Os, 'nixpkgs' | 'revision'> {
  const revision = Commit.safeParse(fieldOf(json, 'configurationRevision'));
  return { nixpkgs: fieldOf(json, 'nixpkgsRevision')?.slice(0, 128) ?? null, revision: revision.data ?? null };
}

/** A text field of a JSON object that a tool printed. */
function fieldOf(json: string | undefined, key: string): string | undefined {
  try {
    const value: unknown = JSON.parse(json ?? '{}');
    const field: unknown = value !== null && typeof value === 'object' ? Reflect.get(value, key) : undefined;
    return typeof field === 'string' && field !== '' ? field : undefined;
  } catch {
    return undefined;
  }
}

const cut = (text: string, max: number): string => text.slice(0, max);

/** os-release(5): shell-like assignments. */
export function parseOsRelease(text: string): Record<string, string> {
  const pairs = [...text.matchAll(/^([A-Z0-9_]+)=(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|(.*))$/gm)];
  return Object.fromEntries(
    pairs.map(([, key, a, b, c]) => [key, (a?.replace(/\\(.)/g, '$1') ?? b ?? c ?? '').trim()]),
  );
}

/** macOS changes `hostname` with the network it is in; LocalHostName is what its owner called it. */
export async function localHostName(source: Pick<Source, 'os' | 'env'>): Promise<string | undefined> {
  if (source.os !== 'darwin') return undefined;
  const name = await ask(source as Source, 'scutil', '--get', 'LocalHostName');
  return name === '' ? undefined : name;
}
