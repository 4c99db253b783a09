// When to speak: how long a check-in is held, and how long to wait after one that failed. Pure.
import { MAX_WAIT_MS } from '@nixfleet/contract/agent.ts';
import type { ProblemCode } from '@nixfleet/contract/problem.ts';
import { backoffMs } from '@nixfleet/kit/backoff.ts';

/** An answer that came at once and said nothing must not make the agent ask at once again. */
export const IDLE_MS = 1000;
/** After an abort of our own, or an answer with news. */
export const EAGER_MS = 50;
const RETIRED_MS = 10 * 60_000;

/** Up to a tenth shorter than asked for, so that agents started together drift apart. */
export const holdMs = (intervalMs: number, random: () => number): number =>
  Math.round(Math.min(intervalMs, MAX_WAIT_MS) * (1 - random() / 10));

/** 1 → 60 s; a host that was retired is out for good and only looks whether somebody changed their mind. */
export const waitAfter = (code: ProblemCode, failures: number, random: () => number): number =>
  code === 'host_retired' ? RETIRED_MS : backoffMs(failures, { minMs: 1000, maxMs: 60_000, random });
