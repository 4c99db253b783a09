// The sample repository: a bare `origin` that control plane and agents fetch, and a work tree that the sample commits are
// made in. Written once; started again on the same folder, it is left as it is.
import { chmodSync, cpSync, existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type * as z from 'zod';
import { git } from './git.ts';
import { Packages, sampleHostNames, sampleHosts, Settings, type SampleHostName } from './hosts.ts';

export type Repository = { origin: string; work: string; branch: 'main'; path: string };

export type RepositoryOptions = {
  folder: string;
  /** PATH to find git on. */
  path: string;
  /** Seconds that each step of building a package takes; a package has five. */
  pace: string;
};

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** `x86_64-linux`, as Nix calls the machine this runs on. */
export function nixSystem(): string {
  const machines: Record<string, string | undefined> = { x64: 'x86_64', arm64: 'aarch64' };
  const machine = machines[process.arch];
  if (machine === undefined) throw new Error(`the sample fleet does not know the architecture ${process.arch}`);
  return `${machine}-${process.platform}`;
}

export async function openRepository({ folder, path, pace }: RepositoryOptions): Promise<Repository> {
  const repository: Repository = {
    origin: join(folder, 'origin.git'),
    work: join(folder, 'work'),
    branch: 'main',
    path,
  };
  if (existsSync(join(repository.origin, 'HEAD')) && existsSync(join(repository.work, '.git'))) return repository;
  mkdirSync(folder, { recursive: true });
  await git(folder, path, 'init', '--quiet', '--bare', repository.origin);
  await git(folder, path, 'init', '--quiet', repository.work);
  await git(repository.work, path, 'remote', 'add', 'origin', repository.origin);
  const flake = join(import.meta.dirname, 'flake');
  cpSync(flake, repository.work, { recursive: true });
  // A copy of a checkout may have lost the mode; these are run directly.
  for (const script of globSync('{hosts/*/tests/T*.sh,lib/activate,lib/switch-to-configuration}', {
    cwd: repository.work,
  }))
    chmodSync(join(repository.work, script), 0o755);
  writeFileSync(join(repository.work, 'fleet.json'), json({ system: nixSystem(), pace }));
  for (const name of sampleHostNames) {
    writeHost(repository, name, 'packages.json', Packages.parse(sampleHosts[name].packages));
    writeHost(repository, name, 'settings.json', Settings.parse(sampleHosts[name].settings));
  }
  await publish(repository, 'fleet: web1, db1 and laptop');
  return repository;
}

/** Commits everything and pushes it; gives the full commit. */
export async function publish({ work, path, branch }: Repository, subject: string): Promise<string> {
  await git(work, path, 'add', '--all');
  await git(work, path, 'commit', '--quiet', '--message', subject);
  await git(work, path, 'push', '--quiet', 'origin', `HEAD:${branch}`);
  return git(work, path, 'rev-parse', 'HEAD');
}

const fileOf = ({ work }: Repository, host: SampleHostName, file: string): string => join(work, 'hosts', host, file);

function writeHost(repository: Repository, host: SampleHostName, file: string, value: unknown): void {
  writeFileSync(fileOf(repository, host, file), json(value));
}

/** Changes one of a host's JSON files in the work tree. */
export function changeHost<S extends z.ZodType>(
  repository: Repository,
  host: SampleHostName,
  file: 'packages.json' | 'settings.json',
  shape: S,
  change: (value: z.output<S>) => z.input<S>,
): void {
  const value = shape.parse(JSON.parse(readFileSync(fileOf(repository, host, file), 'utf8')));
  writeHost(repository, host, file, change(value));
}
