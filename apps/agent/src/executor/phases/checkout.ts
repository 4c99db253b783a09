// The files of one commit, laid out for one run in a clone of its own that borrows the mirror's objects.
import { rmSync } from 'node:fs';
import type { Phase } from '@nixfleet/contract/verbs.ts';
import { mustRun } from '../child.ts';
import type { Run } from '../run.ts';
import { git, gitEnvironment } from './git.ts';

declare const laidOut: unique symbol;
/** A folder that only this module gives, to those that have verified the commit: what is built or run comes from nowhere else. */
export type Checkout = string & { readonly [laidOut]: true };

const LOCAL_MS = 60_000;

/** The caller has seen to it that the host may have this commit. */
export async function checkOut(run: Run, commit: string, phase: Phase): Promise<Checkout> {
  const { checkout } = run.folder;
  const options = { deadlineMs: LOCAL_MS, env: gitEnvironment(run.host.env) };
  rmSync(checkout, { recursive: true, force: true });
  const clone = ['clone', '--quiet', '--shared', '--no-checkout', '--template=', run.state.mirror, checkout];
  await mustRun(run, phase, git(null, ...clone), options);
  await mustRun(run, phase, git(checkout, 'checkout', '--quiet', '--detach', commit), options);
  // The one place where the brand is given.
  return checkout as Checkout;
}
