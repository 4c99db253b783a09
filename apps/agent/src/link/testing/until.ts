// Waits for a condition, with a deadline: what tests do instead of sleeping.
import { pause } from '@nixfleet/kit/backoff.ts';

/** Looks every 10 ms until `look` gives something true; throws, saying `what`, after `ms`. */
export async function until<T>(what: string, look: () => T | Promise<T>, ms = 20_000): Promise<NonNullable<T>> {
  const end = performance.now() + ms;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() > end) throw new Error(`waited ${ms} ms in vain: ${what}`);
    await pause(10);
  }
}
