// What must not be in any tracked file: this machine's folders, registry hosts, download addresses in the lock file.
import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { commandOutput } from '@nixfleet/kit/command.ts';

export type TrackedFiles = { root: string; home: string; registry: string };

/** The home folder tells nothing when it is the same on every machine. */
const telling = (folder: string): string | undefined => (folder.split('/').length > 2 ? folder : undefined);

/** Every line that says more about a machine than about the project. */
export async function findStrayLines({ root, home, registry }: TrackedFiles): Promise<string[]> {
  const listed = await commandOutput('git', ['ls-files', '-z'], { cwd: root, deadlineMs: 30_000, maxBytes: 8e6 });
  const host = /^https?:\/\/([^/]+)/.exec(registry)?.[1];
  // Written in parts, so that this file does not find itself.
  const forbidden = [telling(root), telling(home), host, ['registry', 'npmjs', 'org'].join('.')].filter(
    (s) => s !== undefined,
  );
  return listed
    .split('\0')
    .filter((path) => path !== '' && isText(join(root, path)))
    .flatMap((path) =>
      readFileSync(join(root, path), 'utf8')
        .split('\n')
        .flatMap((line, i) => {
          const found = forbidden.find((f) => line.includes(f));
          return found === undefined ? [] : [`${path}:${i + 1}: ${JSON.stringify(found)} belongs to one machine`];
        }),
    );
}

function isText(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat !== undefined && stat.isFile() && stat.size < 4e6 && !/\.(?:png|jpg|ico|woff2)$/.test(path);
}

/** Packages come from whatever registry the user has configured, checked by their integrity. */
export function findAddresses(lockFile: string): string[] {
  return [...lockFile.matchAll(/"resolved": "((?:https?|git)[^"]*)"/g)].map(
    ([, address]) => `package-lock.json: ${address}: regenerate it with omit-lockfile-registry-resolved=true`,
  );
}

export async function checkTrackedFiles(root: string): Promise<string[]> {
  const registry = await commandOutput('npm', ['config', 'get', 'registry'], { cwd: root, deadlineMs: 30_000 });
  const stray = await findStrayLines({ root, home: homedir(), registry: registry.trim() });
  return [...stray, ...findAddresses(readFileSync(join(root, 'package-lock.json'), 'utf8'))];
}
