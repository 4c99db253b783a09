// Waiting for a condition of the real world, with a deadline that says what was waited for.
import { pause } from '@nixfleet/kit/backoff.ts';

export type Until = { what: string; deadlineMs: number; everyMs?: number; now?: () => number };

/** Asks again until the answer is neither undefined nor false; throws when the deadline passes first. */
export async function until<T>(
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  { what, deadlineMs, everyMs = 25, now = performance.now.bind(performance) }: Until,
): Promise<T> {
  for (const end = now() + deadlineMs; ; await pause(everyMs)) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (now() > end) throw new Error(`waited ${deadlineMs} ms in vain for ${what}`);
  }
}
