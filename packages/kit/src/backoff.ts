// Waiting longer after each failure, with jitter, until one success.

export type Backoff = { minMs: number; maxMs: number; random: () => number };

/** Delay before attempt `failures` + 1: doubles from `minMs` to `maxMs`, the upper half of it at random. */
export function backoffMs(failures: number, { minMs, maxMs, random }: Backoff): number {
  if (failures <= 0) return 0;
  const whole = Math.min(maxMs, minMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(whole / 2 + (whole / 2) * random());
}

/** Resolves after `ms`, or at once when `signal` aborts. Never rejects. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
  });
}
