// Follows one run's journal while its executor writes it: what the agent must know of it, and the entries to ship.
import { MAX_ENTRIES } from '@nixfleet/contract/agent.ts';
import type { JournalEntry } from '@nixfleet/contract/journal.ts';
import { type JournalPosition, readEntries } from '../journal/reader.ts';

export type Tail = {
  /** Takes in what was written since the last look. */
  look: () => void;
  /** Entries there are. */
  readonly next: number;
  /** The result is written. */
  readonly ended: boolean;
  /** The executor waits to hear whether the control plane can still be reached. */
  readonly awaitsConfirm: boolean;
  /** The next batch to ship, from entry `from` on. */
  batch: (from: number) => JournalEntry[];
};

export function makeTail(path: string): Tail {
  const seen: JournalPosition = { seq: 0, byte: 0 };
  const shipped: JournalPosition = { seq: 0, byte: 0 };
  let ended = false;
  let confirming = false;

  const take = ({ kind }: JournalEntry): void => {
    if (kind === 'result') ended = true;
    if (kind === 'confirming') confirming = true;
    if (kind === 'confirmed' || kind === 'result' || kind === 'phase_ended') confirming = false;
  };

  return {
    get next() {
      return seen.seq;
    },
    get ended() {
      return ended;
    },
    get awaitsConfirm() {
      return confirming;
    },
    look() {
      let entries: JournalEntry[];
      do {
        ({ entries } = readEntries(path, seen.seq, MAX_ENTRIES, seen));
        entries.forEach(take);
      } while (entries.length > 0);
    },
    batch: (from) => readEntries(path, from, MAX_ENTRIES, shipped).entries,
  };
}
