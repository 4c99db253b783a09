// What may end a run early: an operator's cancel as long as nothing has changed, and the hard deadline.
//
// INVARIANTS:
// - Before `commit` a cancel or the deadline aborts `signal`; after it only the deadline does, and a cancel is told once.
// - `commit` gives false, and changes nothing, when the run is already to be stopped: it looks at the disk itself.
import { existsSync } from 'node:fs';
import { onAppearance } from './appearance.ts';

/** A longer one would fire at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

export type Why = 'cancelled' | 'timed_out';

export type Stops = {
  readonly signal: AbortSignal;
  readonly why: Why | undefined;
  readonly committed: boolean;
  /** From now on the run is taken back, never just stopped. */
  commit: () => boolean;
  close: () => void;
};

export type StopsOptions = {
  cancelFile: string;
  /** Milliseconds from now, by the clock of timers, which is monotonic. */
  hardMs: number;
  /** A cancel came after `commit`. */
  onLate: () => void;
  committed?: boolean;
};

export function watchStops({ cancelFile, hardMs, onLate, committed = false }: StopsOptions): Stops {
  const controller = new AbortController();
  let why: Why | undefined;
  let late = committed;
  let told = false;
  const stop = (reason: Why): void => {
    if (why !== undefined) return;
    why = reason;
    controller.abort();
  };
  const cancel = (): void => {
    if (!late) return stop('cancelled');
    if (!told) onLate();
    told = true;
  };
  const deadline = setTimeout(() => stop('timed_out'), Math.min(hardMs, LONGEST_TIMER_MS));
  const unwatch = onAppearance(cancelFile, cancel);
  return {
    signal: controller.signal,
    get why() {
      return why;
    },
    get committed() {
      return late;
    },
    commit() {
      if (late) return true;
      if (existsSync(cancelFile)) cancel();
      if (why !== undefined) return false;
      late = true;
      return true;
    },
    close() {
      clearTimeout(deadline);
      unwatch();
    },
  };
}
