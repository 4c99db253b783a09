// What a check-in means for the host's runs: what to hand over, what to ask it to stop, what it has lost. Pure, so that
// every mixture of lost answers, restarts and late messages can be tried.
//
// INVARIANTS:
// - At most one run of a host is handed over at a time; the oldest first.
// - Nothing ends here while its host may still have it: only a check-in whose list of held runs is complete, and that
//   comes after the lease is over, says that an offered run never started.
import { expired, type Ending, hasExpired, leaseHolds, type LiveRun, lostOutcome } from '../rules.ts';

export type Heard = {
  /** Ids of the runs the host says it holds. */
  held: ReadonlySet<string>;
  /** False when the host may hold more than it could say. */
  complete: boolean;
  now: number;
  leaseMs: number;
  /** Since when check-ins have come without this running run, as far as this process knows. */
  missingSince: (runId: string) => number | undefined;
};

export type Handover = {
  /** To be handed over now, for the first time or again. */
  offer: string | null;
  extend: string[];
  cancel: string[];
  ends: ({ id: string } & Ending)[];
  /** Running runs that the host did not name. */
  missing: string[];
  /** When there is something to decide again even if nobody speaks. */
  againAt: number | null;
};

/** `live`: the host's runs that have not ended, oldest first. */
export function handOver(live: readonly (LiveRun & { attempt: number })[], heard: Heard): Handover {
  const { held, complete, now, leaseMs } = heard;
  const plan: Handover = { offer: null, extend: [], cancel: [], ends: [], missing: [], againAt: null };
  let busy = false;
  for (const run of live) {
    const leased = leaseHolds(run.leaseUntil, now, leaseMs);
    if (run.state !== 'queued' && held.has(run.id)) {
      busy = true;
      if (!leased || (run.leaseUntil ?? 0) - now < leaseMs / 2) plan.extend.push(run.id);
      if (run.cancelRequestedAt !== null && !run.changed) plan.cancel.push(run.id);
      continue;
    }
    switch (run.state) {
      case 'queued':
        // It may hold a queued run only if we forgot that we gave it: offering it again says so to both.
        if (busy) break;
        if (hasExpired(run, now)) plan.ends.push({ id: run.id, ...expired(run.attempt) });
        else {
          plan.offer = run.id;
          busy = true;
        }
        break;
      case 'offered':
        if (leased || !complete) {
          busy = true;
          if (leased) plan.againAt = earlier(plan.againAt, run.leaseUntil);
        } else if (run.cancelRequestedAt !== null) {
          plan.ends.push({
            id: run.id,
            outcome: 'cancelled',
            cause: 'cancel',
            reason: 'cancelled before its host began it',
          });
        } else if (hasExpired(run, now)) plan.ends.push({ id: run.id, ...expired(run.attempt) });
        else {
          plan.offer = run.id;
          busy = true;
        }
        break;
      case 'running': {
        const since = heard.missingSince(run.id);
        const certain = complete && since !== undefined && since <= now && now - since >= leaseMs;
        if (certain)
          plan.ends.push({ id: run.id, cause: 'lost', ...lostOutcome(run, 'the host no longer has this run') });
        else {
          busy = true;
          if (complete) plan.missing.push(run.id);
        }
        break;
      }
      default:
        throw new Error(`unknown state ${String(run.state satisfies never)}`);
    }
  }
  return plan;
}

const earlier = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.min(a, b);
