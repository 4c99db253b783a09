// What the testbed takes from the environment.
import { homedir } from 'node:os';
import { join } from 'node:path';

export type Surroundings = { cache: string; path: string; strict: boolean };

/** `strict`: what cannot run here is a failure, not a skip. */
export const surroundings = (): Surroundings => ({
  cache: join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'nixfleet'),
  path: process.env['PATH'] ?? '',
  strict: process.env['CI'] === 'true',
});
