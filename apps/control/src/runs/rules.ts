// The life of a run as one table: which cause may move which state, and to what. An outcome is final; nothing moves it.
import { Outcome } from '@nixfleet/contract/journal.ts';
import { Problem } from '@nixfleet/contract/problem.ts';
import type { LiveState, RunState } from '@nixfleet/contract/runs.ts';
import { deadlinesOf, type Verb } from '@nixfleet/contract/verbs.ts';

/**
 * hand_over: given to its host under a lease · journal: its host's journal has begun · result: the journal ended ·
 * cancel: an operator ended what never started · expire: nobody took it in time · lost: the host came back without it ·
 * retire: its host left the fleet.
 */
export type Cause = 'hand_over' | 'journal' | 'result' | 'cancel' | 'expire' | 'lost' | 'retire';

const lost = ['interrupted', 'half_activated'] as const;

/**
 * A queued run may begin its journal without having been handed over: a control plane restored from yesterday's backup
 * meets hosts that are ahead of it, and they are right.
 */
export const moves: Record<LiveState, Partial<Record<Cause, readonly RunState[]>>> = {
  queued: {
    hand_over: ['offered'],
    journal: ['running'],
    cancel: ['cancelled'],
    expire: ['expired'],
    retire: ['cancelled'],
  },
  offered: {
    hand_over: ['offered'],
    journal: ['running'],
    cancel: ['cancelled'],
    expire: ['expired'],
    lost,
    retire: lost,
  },
  running: { result: Outcome.options, lost, retire: lost },
};

export const isLive = (state: RunState): state is LiveState =>
  state === 'queued' || state === 'offered' || state === 'running';

export const mayMove = (from: RunState, cause: Cause, to: RunState): boolean =>
  isLive(from) && (moves[from][cause]?.includes(to) ?? false);

/** What the rules look at of a run that has not ended. */
export type LiveRun = {
  id: string;
  state: LiveState;
  verb: Verb;
  /** The host may no longer be what it was: its journal tells of an intent or of a phase that changes the host. */
  changed: boolean;
  leaseUntil: number | null;
  startedAt: number | null;
  expiresAt: number;
  cancelRequestedAt: number | null;
};

export type Ending = { outcome: Outcome; cause: Cause; reason: string };

/** The outcome of a run whose host cannot tell any more. Once it had begun to change the host, nobody knows what runs. */
export function lostOutcome(run: Pick<LiveRun, 'changed'>, why: string): { outcome: Outcome; reason: string } {
  return run.changed
    ? { outcome: 'half_activated', reason: `${why} after it had begun to change the host; look at what runs there` }
    : { outcome: 'interrupted', reason: `${why}; nothing was changed` };
}

/**
 * What asking to cancel does: a run that is certainly not on its host ends here; one that may be is asked of the host,
 * which ends it if nothing has changed yet. Never a guess: only the host knows whether it has begun.
 */
export function cancelRule(run: Pick<LiveRun, 'state' | 'changed'>): { now: Ending } | { ask: true } {
  switch (run.state) {
    case 'queued':
      return { now: { outcome: 'cancelled', cause: 'cancel', reason: 'cancelled before it was handed over' } };
    case 'offered':
      return { ask: true };
    case 'running':
      if (!run.changed) return { ask: true };
      throw new Problem('cancel_too_late', 'activate has begun; roll back instead', {
        next: 'wait for its end, then run rollback on this host',
      });
    default:
      throw new Error(`unknown state ${String(run.state satisfies never)}`);
  }
}

/** Whether its warn deadline has passed, by the control plane's clock: a hint for people, nothing is decided by it. */
export const isSlow = (run: Pick<LiveRun, 'state' | 'verb' | 'startedAt'>, now: number): boolean =>
  run.state === 'running' && run.startedAt !== null && now - run.startedAt > deadlinesOf[run.verb].warnMs;

/**
 * A lease holds until its time. One that reaches further than any lease was ever given is from before the clock was set
 * back: it counts as over, which costs at most that the host is told again what it knows.
 */
export const leaseHolds = (until: number | null, now: number, longestMs: number): boolean =>
  until !== null && until > now && until - now <= longestMs;

export const hasExpired = (run: Pick<LiveRun, 'expiresAt'>, now: number): boolean => run.expiresAt <= now;

export const expired = (attempt: number): Ending => ({
  outcome: 'expired',
  cause: 'expire',
  reason:
    attempt === 0
      ? 'its host did not come to take it in time'
      : `it was handed over ${attempt === 1 ? 'once' : `${attempt} times`}, and its host never began it`,
});
