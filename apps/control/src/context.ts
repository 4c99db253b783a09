// What every use case is given: the database, the configuration, the log, and the sources of time and chance.
import { randomBytes } from 'node:crypto';
import { v7 } from 'uuid';
import type { Log } from '@nixfleet/kit/log.ts';
import type { Reconciler } from '@nixfleet/kit/reconciler.ts';
import type { Secrets } from './access/secrets.ts';
import { makeTokenCache, type TokenCache } from './access/agent-tokens/cache.ts';
import type { ControlConfig } from './config.ts';
import { type Db, type Engine, lockOrder, type Tx } from './db/database.ts';
import { type Bus, makeBus } from './events/bus.ts';
import { type Feed, makeFeed } from './events/feed.ts';
import { makePresence, type Presence } from './hosts/presence.ts';
import { type Counters, makeCounters } from './metrics/counters.ts';

export type Context = {
  db: Db;
  engine: Engine;
  config: ControlConfig;
  secrets: Secrets;
  log: Log;
  bus: Bus;
  /** The newest events (events/pump.ts fills it). */
  feed: Feed;
  /** Agent tokens that need no query (access/agent-tokens/service.ts). */
  tokens: TokenCache;
  /** What this process remembers of hosts between their requests. */
  presence: Presence;
  counters: Counters;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** UUIDv7 with its prefix: `newId('run')` → `run_019…`. */
  newId: (prefix: string) => string;
  randomBytes: (length: number) => Buffer;
  /** The background work of this process, filled by main. */
  reconcilers: Reconciler[];
};

export function makeContext(parts: {
  db: Db;
  engine: Engine;
  config: ControlConfig;
  secrets: Secrets;
  log: Log;
  now?: () => number;
}): Context {
  const now = parts.now ?? Date.now;
  return {
    ...parts,
    now,
    bus: makeBus(),
    feed: makeFeed(),
    tokens: makeTokenCache(),
    presence: makePresence(),
    counters: makeCounters(),
    newId: (prefix) => `${prefix}_${v7({ msecs: now() })}`,
    randomBytes,
    reconcilers: [],
  };
}

/**
 * One transaction in which events may be recorded (events/service.ts `record`); afterwards readers of the outbox are woken.
 * Events become visible in the order of their ids on both engines.
 */
export async function transact<T>(ctx: Context, work: (tx: Tx) => Promise<T>): Promise<T> {
  const result = await ctx.db.transaction().execute(async (tx) => {
    await lockOrder(tx, ctx.engine);
    return work(tx);
  });
  ctx.bus.wake('events');
  return result;
}
