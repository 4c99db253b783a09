// Reads a run's journal while it is being written. A torn or garbled end is not there: reading stops before it.
//
// INVARIANTS:
// - Entries come in order, without gaps, each checked against the contract.
// - What is returned is on disk: the file is synced first. Else a power cut could take back what was already shipped.
import { closeSync, fstatSync, fsyncSync, openSync, readSync } from 'node:fs';
import { JournalEntry } from '@nixfleet/contract/journal.ts';
import { isErrno } from '@nixfleet/kit/atomic-file.ts';

/** Where an entry begins in the file; kept by a reader between calls, so that each byte is read once. */
export type JournalPosition = { seq: number; byte: number };

const CHUNK = 256 * 1024;
/** Entries of one call together, bytes: an append request stays below 1 MiB. */
const MAX_BYTES = 900 * 1024;
const NEWLINE = 10;

/** The entry a line holds if it is the `seq`-th, else undefined. */
export function parseEntry(line: string, seq: number): JournalEntry | undefined {
  try {
    const entry = JournalEntry.safeParse(JSON.parse(line));
    return entry.success && entry.data.seq === seq ? entry.data : undefined;
  } catch {
    return undefined;
  }
}

/**
 * At most `max` entries from `fromSeq` on, and the size of the file. `position` is moved behind the last one returned; a
 * reader that passes it again continues there. No file yet: no entries.
 */
export function readEntries(
  path: string,
  fromSeq: number,
  max: number,
  position: JournalPosition = { seq: 0, byte: 0 },
  maxBytes = MAX_BYTES,
): { entries: JournalEntry[]; size: number } {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return { entries: [], size: 0 };
    throw error;
  }
  try {
    const { size } = fstatSync(fd);
    if (fromSeq < position.seq || size < position.byte) Object.assign(position, { seq: 0, byte: 0 });
    const entries: JournalEntry[] = [];
    let taken = 0;
    for (const line of linesFrom(fd, position.byte)) {
      if (entries.length >= max) break;
      if (taken > 0 && taken + line.length > maxBytes) break;
      const entry = parseEntry(line.toString('utf8'), position.seq);
      if (!entry) break;
      position.seq += 1;
      position.byte += line.length + 1;
      if (entry.seq < fromSeq) continue;
      entries.push(entry);
      taken += line.length;
    }
    if (entries.length > 0) fsyncSync(fd);
    return { entries, size };
  } finally {
    closeSync(fd);
  }
}

/** Every complete entry of a journal, for those who decide from the whole of it. */
export function readJournal(path: string): { entries: JournalEntry[]; bytes: number } {
  const position = { seq: 0, byte: 0 };
  const { entries } = readEntries(path, 0, Infinity, position, Infinity);
  return { entries, bytes: position.byte };
}

/** Complete lines from a byte on, without their line ends. */
function* linesFrom(fd: number, start: number): Generator<Buffer> {
  let rest = Buffer.alloc(0);
  let at = start;
  for (;;) {
    const chunk = Buffer.alloc(CHUNK);
    const read = readSync(fd, chunk, 0, CHUNK, at);
    if (read === 0) return;
    at += read;
    let from = 0;
    const bytes = rest.length === 0 ? chunk.subarray(0, read) : Buffer.concat([rest, chunk.subarray(0, read)]);
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, from)) {
      yield bytes.subarray(from, end);
      from = end + 1;
    }
    rest = bytes.subarray(from);
  }
}
