// The nine outcomes in words, signs and exit statuses. They never merge: a script can tell "rolled back" from "failed".
import type { Outcome } from '@nixfleet/contract/journal.ts';
import type { Run } from '@nixfleet/contract/runs.ts';
import type { Tone } from '../terminal/style.ts';

type Face = {
  sign: string;
  tone: Tone;
  /** Exit status of `run --watch`; public, never changes. */
  exit: number;
  /** Which one a whole set of runs ends with: the highest. */
  rank: number;
};

const outcomes: Record<Outcome, Face> = {
  succeeded: { sign: '✓', tone: 'ok', exit: 0, rank: 0 },
  cancelled: { sign: '∅', tone: 'mute', exit: 7, rank: 1 },
  expired: { sign: '⧖', tone: 'mute', exit: 9, rank: 2 },
  refused: { sign: '⊘', tone: 'gate', exit: 5, rank: 4 },
  interrupted: { sign: '↯', tone: 'warn', exit: 6, rank: 5 },
  timed_out: { sign: '◷', tone: 'warn', exit: 8, rank: 6 },
  rolled_back: { sign: '↶', tone: 'back', exit: 3, rank: 7 },
  failed: { sign: '✗', tone: 'bad', exit: 1, rank: 8 },
  half_activated: { sign: '◐', tone: 'solid', exit: 4, rank: 9 },
};

/** A host that got no run ranks between an expired and a refused one. */
const NOT_CREATED = { exit: 2, rank: 3 };

export const faceOf = (outcome: Outcome): Face => outcomes[outcome];

export const exitOf = (outcome: Outcome): number => outcomes[outcome].exit;

/** The exit status of many: the worst of them. `null` is a host that got no run. */
export function worstExit(all: readonly (Outcome | null)[]): number {
  let worst = { exit: 0, rank: 0 };
  for (const each of all) {
    const face = each === null ? NOT_CREATED : outcomes[each];
    if (face.rank > worst.rank) worst = face;
  }
  return worst.exit;
}

const on = (run: Run): string => (run.generation === null ? '' : ` on generation ${run.generation}`);

/** What is true of the host now, one sentence; undefined where the outcome says it all. */
export function truthNow(run: Run, outcome: Outcome): string | undefined {
  switch (outcome) {
    case 'succeeded':
      return run.generation === null ? undefined : `${run.hostName} runs generation ${run.generation}.`;
    case 'rolled_back':
      return `${run.hostName} is safe${on(run)}.`;
    case 'half_activated':
      return `${run.hostName} runs neither system completely: it needs hands.`;
    case 'failed':
    case 'refused':
    case 'interrupted':
    case 'cancelled':
    case 'timed_out':
    case 'expired':
      return `${run.hostName} is as it was before.`;
  }
  return outcome satisfies never;
}

/** What to do next, as a command where there is one. `id` is how the run is called on this terminal. */
export function nextStep(run: Run, outcome: Outcome, id: string): string | undefined {
  switch (outcome) {
    case 'succeeded':
      return undefined;
    case 'half_activated':
      return `nixfleet output ${id}, then nixfleet rollback ${run.hostName}`;
    case 'rolled_back':
    case 'failed':
      return `nixfleet output ${id}`;
    case 'refused':
      return `sign the commit with a key ${run.hostName} trusts, or deploy another one`;
    case 'interrupted':
    case 'cancelled':
    case 'timed_out':
    case 'expired':
      return `nixfleet run ${run.verb} ${run.hostName}`;
  }
  return outcome satisfies never;
}
