// Wake-ups inside one process: whoever waits on a topic is told that there may be something new, and looks for itself.
//
// INVARIANTS:
// - A wake is a hint. A waiter always reads the database afterwards; a lost or doubled wake costs time, never truth.
// - `version` taken before reading and given to `wait` closes the gap between reading and waiting.

/** `events`: the outbox grew; `feed`: the pump has read it; `host:<id>`, `run:<id>`: something for that one. */
export type Topic = 'events' | 'feed' | `host:${string}` | `run:${string}`;

export type Bus = {
  wake(topic: Topic): void;
  /** Grows with every wake of the topic that somebody listens to. */
  version(topic: Topic): number;
  /** True when woken since `version`, false after `ms` or when aborted. */
  wait(topic: Topic, version: number, ms: number, signal?: AbortSignal): Promise<boolean>;
  /** How many wait now. */
  readonly waiting: number;
  /** The process ends: every wait is over at once, now and from now on. Loops that wait look at `closed`. */
  close(): void;
  readonly closed: boolean;
};

type Entry = { version: number; waiters: Set<() => void> };

export function makeBus(): Bus {
  const topics = new Map<Topic, Entry>();
  let waiting = 0;
  let closed = false;
  // Topics nobody waits on keep a version only while there are few of them; a forgotten one restarts above any given out.
  let floor = 0;
  const entry = (topic: Topic): Entry => {
    let found = topics.get(topic);
    if (!found) topics.set(topic, (found = { version: floor, waiters: new Set() }));
    return found;
  };
  const forget = (): void => {
    if (topics.size < 50_000) return;
    for (const [topic, { version, waiters }] of topics) {
      if (waiters.size > 0) continue;
      floor = Math.max(floor, version + 1);
      topics.delete(topic);
    }
  };
  return {
    wake(topic) {
      const it = entry(topic);
      it.version += 1;
      const woken = [...it.waiters];
      for (const waiter of woken) waiter();
      forget();
    },
    version: (topic) => entry(topic).version,
    wait(topic, version, ms, signal) {
      const it = entry(topic);
      if (it.version !== version) return Promise.resolve(true);
      if (closed || signal?.aborted || ms <= 0) return Promise.resolve(false);
      return new Promise((resolve) => {
        const settle = (woken: boolean): void => {
          clearTimeout(timer);
          it.waiters.delete(wake);
          signal?.removeEventListener('abort', abort);
          waiting -= 1;
          resolve(woken);
        };
        const wake = (): void => settle(true);
        const abort = (): void => settle(false);
        const timer = setTimeout(() => settle(false), ms);
        it.waiters.add(wake);
        signal?.addEventListener('abort', abort, { once: true });
        waiting += 1;
      });
    },
    get waiting() {
      return waiting;
    },
    close() {
      closed = true;
      for (const { waiters } of topics.values()) for (const waiter of waiters) waiter();
    },
    get closed() {
      return closed;
    },
  };
}
