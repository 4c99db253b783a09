// What a deployment changes, in packages and bytes: pure, on the closures of both systems.
import * as z from 'zod';
import type { PackageChange } from '@nixfleet/contract/journal.ts';

/** Store path → size of its contents, bytes. */
export type Closure = ReadonlyMap<string, number>;

const Info = z.object({ narSize: z.int().min(0).optional() }).nullable();
/** `nix path-info --json`: an array up to 2.18, an object by path from 2.19 on. */
const PathInfo = z.union([z.array(Info.unwrap().extend({ path: z.string() })), z.record(z.string(), Info)]);

export function readClosure(json: string): Closure {
  const info = PathInfo.parse(JSON.parse(json));
  const pairs = Array.isArray(info)
    ? info.map((i): [string, number] => [i.path, i.narSize ?? 0])
    : Object.entries(info).map(([path, i]): [string, number] => [path, i?.narSize ?? 0]);
  return new Map(pairs);
}

/** Outputs other than `out` are part of their package, not of its version. */
const OUTPUT = /-(?:bin|dev|lib|lib32|lib64|man|doc|devdoc|info|data|static|debug|out)$/;

/** Name and version of a store path as Nix splits them: the version begins at the first `-` before a digit. */
export function packageOf(storePath: string): { name: string; version: string } {
  const base = storePath.replace(/^.*\//, '').replace(/^[0-9a-z]{32}-/, '');
  const stem = base.replace(OUTPUT, '');
  const split = /^(.+?)-(\d.*)$/.exec(stem);
  return { name: split?.[1] ?? stem, version: split?.[2] ?? '' };
}

type Package = { versions: Set<string>; size: number };

function packagesOf(closure: Closure): Map<string, Package> {
  const packages = new Map<string, Package>();
  for (const [path, size] of closure) {
    const { name, version } = packageOf(path);
    const known = packages.get(name) ?? { versions: new Set(), size: 0 };
    known.versions.add(version);
    known.size += size;
    packages.set(name, known);
  }
  return packages;
}

/** Rebuilt packages of the same version count as changed only when their size moved by this much, as in `nix store diff-closures`. */
const NOTABLE_BYTES = 8192;
const MAX_PACKAGES = 5000;

const sizeOf = (closure: Closure): number => [...closure.values()].reduce((sum, size) => sum + size, 0);

export function diffClosures(
  from: Closure,
  to: Closure,
): { packages: PackageChange[]; closureSize: number; sizeDelta: number } {
  const before = packagesOf(from);
  const after = packagesOf(to);
  const names = [...new Set([...before.keys(), ...after.keys()])].toSorted();
  const packages = names.flatMap((name): PackageChange[] => {
    const was = before.get(name);
    const is = after.get(name);
    const change = {
      name: name.slice(0, 256),
      from: versionsOf(was),
      to: versionsOf(is),
      sizeDelta: (is?.size ?? 0) - (was?.size ?? 0),
    };
    return change.from === change.to && Math.abs(change.sizeDelta) < NOTABLE_BYTES ? [] : [change];
  });
  return {
    packages: packages.slice(0, MAX_PACKAGES),
    closureSize: sizeOf(to),
    sizeDelta: sizeOf(to) - sizeOf(from),
  };
}

const versionsOf = (p: Package | undefined): string | null =>
  p ? [...p.versions].toSorted().join(', ').slice(0, 512) : null;
