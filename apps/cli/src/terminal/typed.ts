// Words typed on the command line as values; what they must look like is said when they do not.
import { InvalidArgumentError } from 'commander';
import { parseDuration } from '@nixfleet/contract/measures.ts';
import { Commit } from '@nixfleet/contract/names.ts';

export function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a whole number from 1.');
}

/** A commit as the API wants it: whole. */
export function fullCommit(text: string): string {
  const parsed = Commit.safeParse(text.toLowerCase());
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(
    'Expected a full commit id of 40 or 64 hexadecimal digits; see nixfleet target commits.',
  );
}

/** Milliseconds of "30m", "2h", "7d". */
export function lifetime(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined && ms >= 1000) return ms;
  throw new InvalidArgumentError('Expected a duration such as 30m, 2h or 7d.');
}
