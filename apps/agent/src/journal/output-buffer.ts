// What a run's programs print, gathered into entries and bounded: the head is written as it comes, of the rest the last
// mebibyte is held in memory and written when its phase ends, behind a `gap` that says how much is missing.
import type { Stream } from '@nixfleet/kit/command.ts';
import type { EntryBody } from '@nixfleet/contract/journal.ts';
import type { Phase } from '@nixfleet/contract/verbs.ts';

export const MAX_TEXT = 16_384;
const TAIL_BYTES = 1024 * 1024;

export type OutputEntry = Extract<EntryBody, { kind: 'output' }>;

export type OutputBuffer = {
  /** Adds a line; entries that are full by it are written at once. */
  push(phase: Phase, stream: Stream, line: string): void;
  /** Writes what is gathered. */
  flush(): void;
  /** Writes what is gathered, then the gap and the tail of the phase. */
  end(phase: Phase): void;
};

/** `write` says whether the entry was kept; what it refuses counts as dropped. */
export function outputBuffer(
  maxBytes: number,
  write: (entry: OutputEntry) => boolean,
  writeGap: (phase: Phase, droppedBytes: number) => void,
): OutputBuffer {
  let pending: OutputEntry | undefined;
  let written = 0;
  let dropped = 0;
  let tail: OutputEntry[] = [];
  let tailBytes = 0;

  const keep = (entry: OutputEntry): void => {
    const bytes = Buffer.byteLength(entry.text) + 1;
    if (written + bytes <= maxBytes) {
      if (write(entry)) written += bytes;
      else dropped += bytes;
      return;
    }
    written = maxBytes;
    tail.push(entry);
    tailBytes += bytes;
    while (tailBytes > TAIL_BYTES) {
      const oldest = tail.shift();
      if (!oldest) break;
      const gone = Buffer.byteLength(oldest.text) + 1;
      tailBytes -= gone;
      dropped += gone;
    }
  };
  const flush = (): void => {
    const entry = pending;
    pending = undefined;
    if (entry) keep(entry);
  };
  return {
    push(phase, stream, line) {
      const joins = pending?.phase === phase && pending.stream === stream;
      if (joins && pending && pending.text.length + 1 + line.length <= MAX_TEXT) {
        pending.text += `\n${line}`;
        return;
      }
      flush();
      pending = { kind: 'output', phase, stream, text: line };
    },
    flush,
    end(phase) {
      flush();
      const kept = tail;
      tail = [];
      tailBytes = 0;
      if (dropped > 0) writeGap(phase, dropped);
      dropped = 0;
      for (const entry of kept) if (!write(entry)) dropped += Buffer.byteLength(entry.text) + 1;
    },
  };
}
