// Writes a run's journal: facts at once and durably, output and progress in small groups.
//
// INVARIANTS:
// - Before a fact is written, all output and progress that came before it is in the file, in order.
// - Output waits at most 100 ms for the file and another 100 ms for the disk; progress is written at most 5 times a second.
import type { Stream } from '@nixfleet/kit/command.ts';
import type { EntryBody, EntryOf } from '@nixfleet/contract/journal.ts';
import type { Phase } from '@nixfleet/contract/verbs.ts';
import { openJournalFile } from './file.ts';
import { outputBuffer } from './output-buffer.ts';

const FLUSH_MS = 100;
const SYNC_MS = 100;
const PROGRESS_MS = 200;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

export type Progress = Omit<EntryOf<'progress'>, 'seq' | 'at' | 'kind' | 'phase'>;
type Fact = Exclude<EntryBody, { kind: 'output' | 'progress' | 'gap' }>;

export type Journal = {
  readonly next: number;
  /** The disk was full at least once since the journal was opened. */
  readonly full: boolean;
  /** Durable when it returns. */
  append(fact: Fact): void;
  output(phase: Phase, stream: Stream, line: string): void;
  progress(phase: Phase, progress: Progress): void;
  /** Writes other files of the run's host; on a full disk with the help of the journal's reserve. */
  withReserve<T>(write: () => T): T;
  close(): void;
};

export type JournalOptions = {
  path: string;
  /** A file that only takes up room, given up when the disk is full. */
  reserve: string;
  now: () => number;
  maxOutputBytes?: number;
};

export function openJournal({ path, reserve, now, maxOutputBytes = MAX_OUTPUT_BYTES }: JournalOptions): Journal {
  const file = openJournalFile(path, reserve, now);
  const buffer = outputBuffer(
    maxOutputBytes,
    (entry) => file.appendSoon(entry),
    (phase, droppedBytes) => void file.appendSoon({ kind: 'gap', phase, droppedBytes }),
  );
  let waiting: Extract<EntryBody, { kind: 'progress' }> | undefined;
  let lastProgress = '';
  let flushTimer: NodeJS.Timeout | undefined;
  let progressTimer: NodeJS.Timeout | undefined;
  let syncTimer: NodeJS.Timeout | undefined;

  const syncLater = (): void => {
    syncTimer ??= setTimeout(() => {
      syncTimer = undefined;
      file.withReserve(() => file.sync());
    }, SYNC_MS);
  };
  const flushOutput = (): void => {
    clearTimeout(flushTimer);
    flushTimer = undefined;
    buffer.flush();
  };
  const flushProgress = (): void => {
    clearTimeout(progressTimer);
    progressTimer = undefined;
    const entry = waiting;
    waiting = undefined;
    if (!entry || JSON.stringify(entry) === lastProgress) return;
    lastProgress = JSON.stringify(entry);
    file.appendSoon(entry);
  };
  return {
    get next() {
      return file.next;
    },
    get full() {
      return file.full;
    },
    append(fact) {
      flushOutput();
      flushProgress();
      if (fact.kind === 'phase_ended') buffer.end(fact.phase);
      file.append(fact);
    },
    output(phase, stream, line) {
      buffer.push(phase, stream, line);
      flushTimer ??= setTimeout(() => {
        flushOutput();
        syncLater();
      }, FLUSH_MS);
    },
    progress(phase, progress) {
      waiting = { kind: 'progress', phase, ...progress };
      progressTimer ??= setTimeout(() => {
        flushProgress();
        syncLater();
      }, PROGRESS_MS);
    },
    withReserve: (write) => file.withReserve(write),
    close() {
      flushOutput();
      flushProgress();
      clearTimeout(syncTimer);
      file.close();
    },
  };
}
