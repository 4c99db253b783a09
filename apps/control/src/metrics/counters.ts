// Counters of this process, for GET /api/metrics: what v1 counted, under its names. `sse_queue_drops` counts readers that
// fell behind and were disconnected; unlike v1's they lose nothing.

export const counterNames = [
  'rate_limit_exceeded',
  'csrf_failures',
  'agent_auth_failures',
  'invalid_signed_session_cookie',
  'sse_queue_drops',
] as const;
export type CounterName = (typeof counterNames)[number];

export type Counters = { add(name: CounterName): void; read(): Record<CounterName, number> };

export function makeCounters(): Counters {
  const counts = Object.fromEntries(counterNames.map((n) => [n, 0])) as Record<CounterName, number>;
  return {
    add: (name) => {
      counts[name] += 1;
    },
    read: () => ({ ...counts }),
  };
}
