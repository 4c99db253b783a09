// Wakes whoever waits: any number of rings while nobody waits make the next wait return at once.

export type Bell = {
  ring: () => void;
  /** Resolves at a ring, after `ms`, or when `signal` aborts. Never rejects. One waiter at a time. */
  wait: (ms: number, signal: AbortSignal) => Promise<void>;
};

export function makeBell(): Bell {
  let rung = false;
  let wake: (() => void) | undefined;
  return {
    ring() {
      rung = true;
      wake?.();
    },
    wait: (ms, signal) =>
      new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', done);
          wake = undefined;
          rung = false;
          resolve();
        };
        const timer = setTimeout(done, ms);
        if (rung || signal.aborted) return done();
        wake = done;
        signal.addEventListener('abort', done, { once: true });
      }),
  };
}
