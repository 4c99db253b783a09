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

type Candidate = LiveRun & { attempt: number };

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
export function handOver(live: readonly Candidate[], heard: Heard): Handover {
  const plan: Handover = { offer: null, extend: [], cancel: [], ends: [], missing: [], againAt: null };
  let busy = false;
  // A control plane restored from a backup may find a younger run with the host than those that wait: it comes first.
  for (const run of live.filter((r) => r.state !== 'queued')) busy = ofHost(plan, run, heard, busy) || busy;
  for (const run of live.filter((r) => r.state === 'queued')) {
    if (busy) break;
    if (hasExpired(run, heard.now)) plan.ends.push({ id: run.id, ...expired(run.attempt) });
    else {
      plan.offer = run.id;
      busy = true;
    }
  }
  return plan;
}

/** Decides on a run that was handed over; says whether it keeps the host from taking another. */
function ofHost(
  plan: Handover,
  run: Candidate,
  { held, complete, now, leaseMs, ...heard }: Heard,
  busy: boolean,
): boolean {
  const leased = leaseHolds(run.leaseUntil, now, leaseMs);
  if (held.has(run.id)) {
    if (!leased || (run.leaseUntil ?? 0) - now < leaseMs / 2) plan.extend.push(run.id);
    if (run.cancelRequestedAt !== null && !run.changed) plan.cancel.push(run.id);
    return true;
  }
  if (run.state === 'running') {
    if (!complete) return true;
    const since = heard.missingSince(run.id);
    if (since === undefined || since > now || now - since < leaseMs) {
      plan.missing.push(run.id);
      return true;
    }
    plan.ends.push({ id: run.id, cause: 'lost', ...lostOutcome(run, 'the host no longer has this run') });
    return false;
  }
  if (leased) plan.againAt = earlier(plan.againAt, run.leaseUntil);
  if (leased || !complete) return true;
  if (run.cancelRequestedAt !== null) {
    plan.ends.push({ id: run.id, outcome: 'cancelled', cause: 'cancel', reason: 'cancelled before its host began it' });
    return false;
  }
  if (hasExpired(run, now)) {
    plan.ends.push({ id: run.id, ...expired(run.attempt) });
    return false;
  }
  if (!busy) plan.offer = run.id;
  return true;
}

const earlier = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.min(a, b);
