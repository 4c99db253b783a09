// Whether agents can be served: walks what a check-in walks, instead of asking the database for 1. A control plane once
// called itself healthy for a day while no agent got through.
import { Problem } from '@nixfleet/contract/problem.ts';
import { pause } from '@nixfleet/kit/backoff.ts';
import { verifyAgentToken } from '../access/agent-tokens/service.ts';
import { type Context, transact } from '../context.ts';
import { newestEvent } from '../events/service.ts';
import { deleteProbe, findProbe, insertProbe } from './store.ts';

const KEPT_MS = 5000;
const DEADLINE_MS = 5000;

/** Asks at most once in 5 s, however many ask; waits at most 5 s. */
export function makeProbe(ctx: Context): () => Promise<boolean> {
  let last: { at: number; healthy: Promise<boolean> } | undefined;
  return () => {
    const now = ctx.now();
    if (!last || now - last.at >= KEPT_MS || now < last.at) last = { at: now, healthy: probe(ctx) };
    return last.healthy;
  };
}

async function probe(ctx: Context): Promise<boolean> {
  const done = new AbortController();
  try {
    await Promise.race([walk(ctx, done.signal), deadline(done.signal)]);
    return true;
  } catch (err) {
    ctx.log.error({ err }, 'the control plane is not healthy');
    return false;
  } finally {
    done.abort();
  }
}

async function deadline(signal: AbortSignal): Promise<void> {
  await pause(DEADLINE_MS, signal);
  if (!signal.aborted) throw new Problem('unavailable', `no answer within ${DEADLINE_MS} ms`);
}

/** As an agent's request does: a token is looked up, a row is written and read back, a waiter is woken, events pass. */
async function walk(ctx: Context, signal: AbortSignal): Promise<void> {
  const id = ctx.newId('probe');
  if (await verifyAgentToken(ctx, id)) throw new Error('a token that nobody has was taken for valid');
  await transact(ctx, (tx) => insertProbe(tx, id, ctx.now()));
  if (!(await findProbe(ctx.db, id))) throw new Error('what was written could not be read');
  await deleteProbe(ctx.db, id);
  const topic = `host:${id}` as const;
  const woken = ctx.bus.wait(topic, ctx.bus.version(topic), DEADLINE_MS, signal);
  ctx.bus.wake(topic);
  if (!(await woken)) throw new Error('nobody who waits is woken');
  const newest = await newestEvent(ctx.db);
  while (ctx.feed.newest < newest && !signal.aborted) {
    const version = ctx.bus.version('feed');
    if (ctx.feed.newest < newest) await ctx.bus.wait('feed', version, DEADLINE_MS, signal);
  }
}
