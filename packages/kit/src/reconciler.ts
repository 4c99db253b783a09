// Background work: a repeatable function without input that closes the distance between desired and current.
//
// INVARIANTS:
// - One run at a time. Any number of `activate()` during a run make exactly one more run after it.
// - A run that throws is recorded in `last` and does not stop the next.
// - After `stop()` resolves nothing runs and nothing will.

export type ReconcilerRun = { startedAt: number; endedAt: number | null; error: string | null };

export type Reconciler = {
  readonly name: string;
  readonly everyMs: number;
  /** Asks for a run now; resolves when a run that began after the ask has ended. Never rejects. */
  activate(): Promise<void>;
  readonly last: ReconcilerRun | undefined;
  readonly runs: number;
  stop(): Promise<void>;
};

export type ReconcilerOptions = {
  name: string;
  everyMs: number;
  run: (signal: AbortSignal) => Promise<void>;
  now: () => number;
  onError?: (error: unknown, name: string) => void;
};

export function reconciler({ name, everyMs, run, now, onError }: ReconcilerOptions): Reconciler {
  const stopping = new AbortController();
  let current: Promise<void> | undefined;
  let again: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let last: ReconcilerRun | undefined;
  let runs = 0;

  const once = async (): Promise<void> => {
    clearTimeout(timer);
    const mine: ReconcilerRun = { startedAt: now(), endedAt: null, error: null };
    last = mine;
    runs += 1;
    try {
      await run(stopping.signal);
    } catch (error) {
      mine.error = error instanceof Error ? error.message : String(error);
      if (!stopping.signal.aborted) onError?.(error, name);
    }
    mine.endedAt = now();
    current = undefined;
    if (!stopping.signal.aborted && !again) timer = setTimeout(() => void activate(), everyMs);
  };

  const activate = (): Promise<void> => {
    if (stopping.signal.aborted) return Promise.resolve();
    if (!current) return (current = once());
    again ??= current.then(() => {
      again = undefined;
      return stopping.signal.aborted ? undefined : (current = once());
    });
    return again;
  };

  timer = setTimeout(() => void activate(), 0);
  return {
    name,
    everyMs,
    activate,
    get last() {
      return last;
    },
    get runs() {
      return runs;
    },
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await current;
      await again;
    },
  };
}
