// The words people read for states and phases: one table for the command line, the pages and the dashboard.
import type { Outcome } from './journal.ts';
import type { Phase } from './verbs.ts';

export const outcomeWord: Record<Outcome, string> = {
  succeeded: 'Succeeded',
  rolled_back: 'Rolled back',
  half_activated: 'Half activated',
  failed: 'Failed',
  refused: 'Refused',
  interrupted: 'Interrupted',
  cancelled: 'Cancelled',
  timed_out: 'Timed out',
  expired: 'Expired',
};

export const isOutcome = (state: string): state is Outcome => Object.hasOwn(outcomeWord, state);

/** "Rolled back — tests failed: T04-docker-services". A reason that repeats the outcome is said once. */
export function outcomeSentence(outcome: Outcome, reason: string | null): string {
  const word = outcomeWord[outcome];
  const rest = (reason ?? '').replace(/\.$/, '').trim();
  if (rest === '') return word;
  const repeats = rest.toLowerCase().startsWith(word.toLowerCase());
  return repeats ? `${word}${rest.slice(word.length)}` : `${word} — ${rest}`;
}

/** A phase as a heading, and as what goes on now. */
export const phaseWords: Record<Phase, { name: string; now: string }> = {
  fetch: { name: 'Fetch', now: 'Fetching' },
  verify: { name: 'Verify', now: 'Verifying' },
  build: { name: 'Build', now: 'Building' },
  diff: { name: 'Diff', now: 'Comparing' },
  activate: { name: 'Activate', now: 'Activating' },
  observe: { name: 'Observe', now: 'Observing' },
  test: { name: 'Test', now: 'Testing' },
  confirm: { name: 'Confirm', now: 'Confirming' },
  restore: { name: 'Restore', now: 'Going back' },
  restart: { name: 'Restart', now: 'Restarting' },
};
