// The journal's file: lines appended in order and made durable, with room held back so that the truth about a run can
// still be written when the disk is full.
//
// INVARIANTS:
// - `seq` counts from 0 without gaps: a number is taken only by a line that was written whole.
// - After `append` returns, its line and all before it are on disk.
// - A line that could not be written whole leaves no part of itself behind.
import { closeSync, fsyncSync, ftruncateSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { EntryBody } from '@nixfleet/contract/journal.ts';
import { isErrno, syncDirectory } from '@nixfleet/kit/atomic-file.ts';
import { readJournal } from './reader.ts';

const RESERVE_BYTES = 64 * 1024;

export type JournalFile = {
  /** The seq of the next entry. */
  readonly next: number;
  /** The disk was full at least once. */
  readonly full: boolean;
  /** Durable when it returns. Uses the reserve on a full disk. */
  append(body: EntryBody): void;
  /** Durable after the next `append` or `sync`; false when the disk is full and the entry was left out. */
  appendSoon(body: EntryBody): boolean;
  sync(): void;
  /** Does something that writes; on a full disk once more after giving up the reserve. */
  withReserve<T>(write: () => T): T;
  close(): void;
};

/** Opens or continues a journal; a torn last line of a killed writer is cut off. */
export function openJournalFile(path: string, reserve: string, now: () => number): JournalFile {
  const { entries, bytes } = readJournal(path);
  let next = entries.length;
  let size = bytes;
  let full = false;
  let dirty = false;
  const fd = openSync(path, 'a', 0o600);
  ftruncateSync(fd, size);
  full = !holdReserve(reserve);
  syncDirectory(dirname(path));

  const write = (body: EntryBody): void => {
    const line = Buffer.from(`${JSON.stringify({ seq: next, at: Math.round(now()), ...body })}\n`);
    try {
      for (let done = 0; done < line.length;) done += writeSync(fd, line, done);
    } catch (cause) {
      ftruncateSync(fd, size);
      throw cause;
    }
    size += line.length;
    next += 1;
    dirty = true;
  };
  const sync = (): void => {
    if (!dirty) return;
    fsyncSync(fd);
    dirty = false;
  };
  const withReserve = <T>(act: () => T): T => {
    try {
      return act();
    } catch (error) {
      if (!isErrno(error, 'ENOSPC', 'EDQUOT')) throw error;
      full = true;
      rmSync(reserve, { force: true });
      return act();
    }
  };
  return {
    get next() {
      return next;
    },
    get full() {
      return full;
    },
    append(body) {
      withReserve(() => write(body));
      withReserve(sync);
    },
    appendSoon(body) {
      try {
        write(body);
        return true;
      } catch (error) {
        if (!isErrno(error, 'ENOSPC', 'EDQUOT')) throw error;
        full = true;
        return false;
      }
    },
    sync,
    withReserve,
    close() {
      sync();
      closeSync(fd);
      rmSync(reserve, { force: true });
    },
  };
}

/** Real blocks, not a hole: written, and synced so that the file system has really given them. */
function holdReserve(path: string): boolean {
  try {
    writeFileSync(path, Buffer.alloc(RESERVE_BYTES, 1), { mode: 0o600, flush: true });
    return true;
  } catch (error) {
    if (!isErrno(error, 'ENOSPC', 'EDQUOT')) throw error;
    rmSync(path, { force: true });
    return false;
  }
}
