// What the environment says to the command line; no other file asks it.
import { homedir, hostname } from 'node:os';
import { join } from 'node:path';

export type Settings = {
  /** Overrides the current server; with `token` no sign-in is needed. */
  url: string | undefined;
  token: string | undefined;
  /** Where sign-ins are kept. */
  file: string;
  /** This machine, to name its API token. */
  machine: string;
  noColor: string | undefined;
  forceColor: string | undefined;
  term: string | undefined;
};

export const readSettings = (env: NodeJS.ProcessEnv): Settings => ({
  url: env['NIXFLEET_URL'] || undefined,
  token: env['NIXFLEET_TOKEN'] || undefined,
  file: join(configHome(env), 'nixfleet', 'config.json'),
  machine: hostname(),
  noColor: env['NO_COLOR'],
  forceColor: env['FORCE_COLOR'],
  term: env['TERM'],
});

/** XDG Base Directory Specification: a relative path is to be ignored. */
const configHome = (env: NodeJS.ProcessEnv): string => {
  const named = env['XDG_CONFIG_HOME'] ?? '';
  return named.startsWith('/') ? named : join(env['HOME'] || homedir(), '.config');
};
