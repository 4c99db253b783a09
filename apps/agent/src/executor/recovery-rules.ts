// How a run is brought to its end whose executor died without a result: a pure function of what its journal says and what
// is seen on the host now. The target's activation is in none of the answers: it is never run twice.
import { DIED, type JournalFacts } from './journal-facts.ts';
import { isBack, runs, type Seen } from './rules.ts';

export type Recovery =
  /** It has a result. */
  | { act: 'nothing' }
  /** Nothing was changed. */
  | { act: 'interrupt'; reason: string }
  /** The previous system runs, but the activation may have touched it: its own activation puts that right. */
  | { act: 'repair'; reason: string }
  /** Back to the previous system. `ran`: another one may have run. */
  | { act: 'go_back'; reason: string; ran: boolean; blame: boolean }
  /** It stood the observation: wait for the confirmation once more. */
  | { act: 'confirm' }
  /** It was confirmed: see that it is true, and say so. */
  | { act: 'conclude' }
  /** Only the restart of the agent is left, and doing it once more does no harm. */
  | { act: 'restart' };

export function recoveryOf(facts: JournalFacts, seen: Seen): Recovery {
  if (facts.ended) return { act: 'nothing' };
  if (facts.confirmed) return { act: 'conclude' };
  const died = facts.diedIn === null ? DIED : `${DIED} in ${facts.diedIn}`;
  const { intent } = facts;
  if (!intent)
    return facts.restarting ? { act: 'restart' } : { act: 'interrupt', reason: `${died}; nothing was changed` };
  // Once the way back has begun, what is seen now says nothing any more about what had run.
  const before = facts.observed ?? seen;
  if (facts.failure)
    return { act: 'go_back', reason: facts.failure.reason, ran: before.running !== intent.from, blame: true };
  const standing = facts.restoring ? before : seen;
  if (facts.confirming && !facts.restoring && runs(seen, intent.to) && seen.broken.length === 0)
    return { act: 'confirm' };
  if (!isBack(standing, intent)) return { act: 'go_back', reason: died, ran: true, blame: false };
  return facts.activating || facts.restoring
    ? { act: 'repair', reason: `${died}; the previous system was activated again` }
    : { act: 'interrupt', reason: `${died}; nothing was changed` };
}
