// Wakes whoever waits: any number of rings while nobody waits make the next wait return at once.

export type Bell = {
  ring: () => void;
  /** Resolves at a ring, after `ms`, or when `signal` aborts. Never rejects. */
  wait: (ms: number, signal: AbortSignal) => Promise<void>;
};

export function makeBell(): Bell {
  const waiters = new Set<() => void>();
  let rung = false;
  return {
    ring() {
      rung = waiters.size === 0;
      for (const wake of waiters) wake();
    },
    wait: (ms, signal) =>
      new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', done);
          waiters.delete(done);
          resolve();
        };
        const timer = setTimeout(done, ms);
        if (rung || signal.aborted) {
          rung = false;
          return done();
        }
        waiters.add(done);
        signal.addEventListener('abort', done, { once: true });
      }),
  };
}
