// The newest events of the outbox, kept at hand so that a thousand readers cost one query. Filled by the pump.
import type { Event } from '@nixfleet/contract/events.ts';

const KEPT = 2000;

export type Feed = {
  /** The outbox is read from here on; nothing up to `id` is at hand. */
  start(id: number): void;
  take(events: Event[]): void;
  /** The id of the newest event that passed. */
  readonly newest: number;
  /** Events after `id`, or undefined when some of them are not at hand: read the outbox. */
  recent(id: number): Event[] | undefined;
};

export function makeFeed(): Feed {
  let kept: Event[] = [];
  /** Everything after this id is in `kept`. */
  let floor = Infinity;
  let newest = 0;
  return {
    start(id) {
      kept = [];
      floor = id;
      newest = id;
    },
    take(events) {
      kept.push(...events);
      newest = events.at(-1)?.id ?? newest;
      if (kept.length <= KEPT * 2) return;
      floor = kept.at(-KEPT - 1)?.id ?? floor;
      kept = kept.slice(-KEPT);
    },
    get newest() {
      return newest;
    },
    recent(id) {
      if (id < floor) return undefined;
      // Readers are nearly always near the end.
      return kept.slice(kept.findLastIndex((e) => e.id <= id) + 1);
    },
  };
}
