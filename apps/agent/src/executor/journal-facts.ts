// What a journal says about its run: pure, read by recovery to decide how a run is brought to its end.
import type { EntryOf, JournalEntry } from '@nixfleet/contract/journal.ts';
import type { Phase } from '@nixfleet/contract/verbs.ts';

/** The reason a recovery gives a phase whose executor died in it: no fault of what was deployed. */
export const DIED = 'the executor ended unexpectedly';

export type JournalFacts = {
  begun: boolean;
  ended: boolean;
  /** The phase that started and did not end. */
  open: Phase | null;
  /** The phase an executor died in, also when a recovery has closed it since. */
  diedIn: Phase | null;
  intent: EntryOf<'intent'> | undefined;
  /** The commit that was verified and the closure that was built. */
  commit: string | undefined;
  built: string | undefined;
  /** The activation may have begun. */
  activating: boolean;
  /** What ran before the way back began, where it was observed. */
  observed: EntryOf<'observed'> | undefined;
  /** Why the run had to go back, where it had already decided to. */
  failure: { phase: Phase; reason: string } | undefined;
  /** Everything before the confirmation was in order. */
  confirming: boolean;
  confirmed: boolean;
  restoring: boolean;
  /** The agent may have been asked to restart. */
  restarting: boolean;
  tests: Pick<EntryOf<'test'>, 'name' | 'ok'>[];
  testsTotal: number | null;
};

const nothing: JournalFacts = {
  begun: false,
  ended: false,
  open: null,
  diedIn: null,
  intent: undefined,
  commit: undefined,
  built: undefined,
  activating: false,
  observed: undefined,
  failure: undefined,
  confirming: false,
  confirmed: false,
  restoring: false,
  restarting: false,
  tests: [],
  testsTotal: null,
};

export const factsOf = (entries: readonly JournalEntry[]): JournalFacts => entries.reduce(after, nothing);

function after(f: JournalFacts, entry: JournalEntry): JournalFacts {
  switch (entry.kind) {
    case 'started':
      return { ...f, begun: true };
    case 'phase_started':
      return {
        ...f,
        open: entry.phase,
        // A way back that a recovery began is not what the run died of.
        diedIn: entry.phase === 'restore' ? (f.diedIn ?? entry.phase) : entry.phase,
        activating: f.activating || (entry.phase === 'activate' && f.intent !== undefined),
        confirming: f.confirming || entry.phase === 'confirm',
        restoring: f.restoring || entry.phase === 'restore',
        restarting: f.restarting || entry.phase === 'restart',
      };
    case 'phase_ended': {
      if (entry.reason === DIED) return { ...f, open: null };
      const failed = entry.status === 'failed' && f.intent !== undefined && !f.restoring && !f.confirmed;
      const failure = failed ? { phase: entry.phase, reason: entry.reason ?? `${entry.phase} failed` } : f.failure;
      return { ...f, open: null, diedIn: entry.phase === 'restore' ? f.diedIn : null, failure };
    }
    case 'intent':
      return { ...f, intent: entry };
    case 'observed':
      return f.restoring ? f : { ...f, observed: entry };
    case 'confirmed':
      return { ...f, confirmed: true };
    case 'test':
      return entry.ok === null
        ? { ...f, testsTotal: entry.total }
        : { ...f, testsTotal: entry.total, tests: [...f.tests, { name: entry.name, ok: entry.ok }] };
    case 'result':
      return { ...f, ended: true };
    case 'verified':
      return { ...f, commit: entry.commit };
    case 'built':
      return { ...f, built: entry.storePath };
    case 'confirming':
    case 'progress':
    case 'output':
    case 'gap':
    case 'diff':
    case 'activated':
    case 'warned':
      return f;
    default:
      return entry satisfies never;
  }
}
