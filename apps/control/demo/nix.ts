// Nix as the sample fleet uses it: the real programs with a configuration, a store and a database of their own, so that
// neither the machine's Nix nor its settings are touched, and no network and no root is needed (decision 12).
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { commandOutput, type CommandOptions } from '@nixfleet/kit/command.ts';

const settings = `experimental-features = nix-command flakes
sandbox = false
build-users-group =
substitute = false
substituters =
flake-registry =
warn-dirty = false
auto-optimise-store = false
max-jobs = auto
`;

/** Makes the folder ready and gives the environment that makes Nix use it. */
export function nixEnvironment(folder: string): Record<string, string> {
  const conf = join(folder, 'conf');
  mkdirSync(conf, { recursive: true });
  writeFileSync(join(conf, 'nix.conf'), settings);
  return {
    NIX_CONF_DIR: conf,
    NIX_USER_CONF_FILES: '',
    NIX_STORE_DIR: join(folder, 'store'),
    NIX_STATE_DIR: join(folder, 'state'),
    NIX_LOG_DIR: join(folder, 'log'),
    NIX_REMOTE: '',
    // Caches and locks of evaluation, which would otherwise go to the home folder.
    XDG_CACHE_HOME: join(folder, 'cache'),
  };
}

const Built = z.array(z.object({ outputs: z.object({ out: z.string() }) })).min(1);

/** Builds one attribute of a flake; gives the store path. */
export async function nixBuild(flake: string, options: Pick<CommandOptions, 'env' | 'onLine'>): Promise<string> {
  const output = await commandOutput('nix', ['build', '--json', '--no-link', '-L', flake], {
    deadlineMs: 10 * 60_000,
    ...options,
  });
  const [first] = Built.parse(JSON.parse(output));
  if (first === undefined) throw new Error(`nix build ${flake} named no output`);
  return first.outputs.out;
}
