// The verbs, their phases and their deadlines: one table each, read by every program.
import * as z from 'zod';

/** What an operator can ask of a host. v1 agents know all but `plan` and `rollback`. */
export const Verb = z.enum(['pull', 'switch', 'pull-switch', 'test', 'plan', 'rollback', 'restart', 'update']);
export type Verb = z.infer<typeof Verb>;

/**
 * The steps of a run, in the order they happen. `restore` is the way back: the previous generation's own activation,
 * entered only when a later step failed. `restart` replaces the agent's own process.
 */
export const Phase = z.enum([
  'fetch',
  'verify',
  'build',
  'diff',
  'activate',
  'observe',
  'test',
  'confirm',
  'restore',
  'restart',
]);
export type Phase = z.infer<typeof Phase>;

/** The phases a verb goes through when all goes well. `test` is left out of a deployment that asks for no tests. */
export const phasesOf: Record<Verb, readonly Phase[]> = {
  pull: ['fetch', 'verify'],
  switch: ['fetch', 'verify', 'build', 'diff', 'activate', 'observe', 'test', 'confirm'],
  'pull-switch': ['fetch', 'verify', 'build', 'diff', 'activate', 'observe', 'test', 'confirm'],
  update: ['fetch', 'verify', 'build', 'diff', 'activate', 'observe', 'test', 'confirm', 'restart'],
  plan: ['fetch', 'verify', 'build', 'diff'],
  test: ['fetch', 'verify', 'test'],
  rollback: ['activate', 'observe', 'test', 'confirm'],
  restart: ['restart'],
};

/** Phases after which the host may no longer be what it was: from here on a run is taken back, never just stopped. */
export const changesHost = (p: Phase): boolean =>
  p === 'activate' || p === 'observe' || p === 'confirm' || p === 'restore' || p === 'restart';

/** Verbs whose commit is pinned, in full, when the run is created. */
export const pinsCommit = (v: Verb): boolean => v !== 'rollback' && v !== 'restart';

const minutes = (n: number): number => n * 60_000;

/** When a run counts as slow (`warnMs`), and when the executor ends it (`hardMs`); milliseconds from its start. */
export const deadlinesOf: Record<Verb, { warnMs: number; hardMs: number }> = {
  pull: { warnMs: minutes(2), hardMs: minutes(5) },
  switch: { warnMs: minutes(10), hardMs: minutes(30) },
  'pull-switch': { warnMs: minutes(12), hardMs: minutes(35) },
  update: { warnMs: minutes(12), hardMs: minutes(35) },
  plan: { warnMs: minutes(10), hardMs: minutes(30) },
  test: { warnMs: minutes(5), hardMs: minutes(10) },
  rollback: { warnMs: minutes(5), hardMs: minutes(10) },
  restart: { warnMs: minutes(1), hardMs: minutes(2) },
};

/** What a host is to Nix; decides attribute, profile, activation and observation (see the agent's platform table). */
export const Platform = z.enum(['nixos', 'nix-darwin', 'home-manager']);
export type Platform = z.infer<typeof Platform>;
