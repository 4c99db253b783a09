// Files that matter: written to a temporary name, synced, renamed, and the directory synced, so that after a power cut
// there is the old content or the new, never half of one.
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Syncs a directory, so that a file made, renamed or removed in it stays so. */
export function syncDirectory(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

export function writeFileAtomic(path: string, content: string | Uint8Array, mode = 0o644): void {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.new`;
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  try {
    const fd = openSync(temporary, 'wx', mode);
    try {
      for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch (cause) {
    try {
      unlinkSync(temporary);
    } catch {
      // It was never made, or is already renamed: nothing to take away.
    }
    throw cause;
  }
  syncDirectory(dirname(path));
}

/** The file's text, or undefined where there is none. Any other failure is thrown. */
export function readFileIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

export const isErrno = (error: unknown, ...codes: string[]): error is NodeJS.ErrnoException =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code);
