// What the storage engines throw when the disk is full or the database is gone, as problems an operator understands.
import { Problem } from '@nixfleet/contract/problem.ts';

// https://www.sqlite.org/rescode.html
const SQLITE_BUSY = 5;
const SQLITE_IOERR = 10;
const SQLITE_FULL = 13;
const SQLITE_CANTOPEN = 14;

/** The problem, if this error or one of its causes is the storage's. */
export function storageProblem(error: unknown): Problem | undefined {
  for (let it = error, depth = 0; it instanceof Error && depth < 10; it = it.cause, depth += 1) {
    if (isFull(it)) return new Problem('storage_full', 'The disk of the control plane is full', { cause: error });
    if (isGone(it)) return new Problem('unavailable', 'The database does not answer; try again', { cause: error });
  }
  return undefined;
}

const codeOf = (error: Error): string => ('code' in error && typeof error.code === 'string' ? error.code : '');

/** The primary result code: extended ones carry it in their low byte. */
const sqliteOf = (error: Error): number =>
  codeOf(error) === 'ERR_SQLITE_ERROR' && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode & 0xff
    : 0;

const isFull = (error: Error): boolean =>
  sqliteOf(error) === SQLITE_FULL || codeOf(error) === '53100' || codeOf(error) === 'ENOSPC';

function isGone(error: Error): boolean {
  if ([SQLITE_BUSY, SQLITE_IOERR, SQLITE_CANTOPEN].includes(sqliteOf(error))) return true;
  const code = codeOf(error);
  if (/^driver has already been destroyed|^database is not open/.test(error.message)) return true;
  // PostgreSQL: connection exceptions, too many connections or no memory, and the server shutting down.
  if (/^(08...|53[23]00|57P0[1-5])$/.test(code)) return true;
  if (!/postgres|pg-pool|\/pg\//.test(error.stack ?? '')) return false;
  return (
    ['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE', 'ETIMEDOUT'].includes(code) ||
    error.message.startsWith('Connection terminated')
  );
}
