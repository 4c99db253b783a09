// The check-in: takes in what the host says, and answers with what to do, at once or as soon as there is something.
//
// INVARIANTS:
// - A check-in that says nothing new, while nothing waits for the host, costs no query (`Note.quietAt`).
// - One check-in of a host is held at a time; a newer one ends the older, whose answer nobody waits for any more.
// - The same words are not said again and again: what was told is repeated only after `REPEAT_MS`.
import { type Checkin, type CheckedIn } from '@nixfleet/contract/agent.ts';
import { Problem } from '@nixfleet/contract/problem.ts';
import { pendingToken, verifyAgentToken } from '../../access/agent-tokens/service.ts';
import type { Context } from '../../context.ts';
import { transact } from '../../context.ts';
import { heard, measured, type Note } from '../../hosts/heartbeats/service.ts';
import { findHostById, recordHostChange, storeFacts, updateHost } from '../../hosts/service.ts';
import { tellRuns, type Told } from '../../runs/handover/service.ts';
import { defaultTarget } from '../../targets/service.ts';
import { checkProtocol, identified } from '../rules.ts';

const REPEAT_MS = 5000;
/** The hold of a check-in that asked for none. */
const atOnce = AbortSignal.abort('no hold');

export type AgentCaller = { kind: 'agent'; hostId: string; bearer: string; rotating: boolean };

/** `gone` aborts when nobody waits for the answer any more. */
export async function checkIn(ctx: Context, caller: AgentCaller, says: Checkin, gone: AbortSignal): Promise<CheckedIn> {
  checkProtocol(says.protocol);
  heard(ctx, caller.hostId);
  const note = ctx.presence.of(caller.hostId);
  const wantIdentity = await takeIn(ctx, note, caller.hostId, says);
  note.hold?.abort('a newer check-in');
  if (says.waitMs === 0) return answer(ctx, caller, note, says, wantIdentity, atOnce);
  const hold = new AbortController();
  note.hold = hold;
  // With a reason of ours, no exception is made for nobody to read.
  const leave = (): void => hold.abort('over');
  gone.addEventListener('abort', leave, { once: true });
  const over = setTimeout(leave, holdMs(ctx, says.waitMs));
  try {
    return await answer(ctx, caller, note, says, wantIdentity, hold.signal);
  } finally {
    clearTimeout(over);
    if (note.hold === hold) note.hold = undefined;
  }
}

/** Up to a tenth less than asked for, so that hosts that began together drift apart. */
const holdMs = (ctx: Context, waitMs: number): number => Math.round(waitMs * (1 - (ctx.randomBytes(1)[0] ?? 0) / 2560));

/** Stores what is new. Whether the host is asked for its identity. */
async function takeIn(ctx: Context, note: Note, hostId: string, says: Checkin): Promise<boolean> {
  const { identity, instance = '', protocol } = says;
  const { metrics, ...facts } = says.facts ?? {};
  if (metrics) measured(ctx, hostId, metrics);
  const news = Object.values(facts).some((f) => f !== undefined);
  if (!identity && !news && note.instance === instance) return false;
  return transact(ctx, async (tx) => {
    const before = await findHostById(tx, hostId);
    if (!before || before.retiredAt !== null) throw new Problem('unauthenticated', 'Invalid API token');
    const targetId = before.targetId ?? (identity && (await defaultTarget(tx, identity.repository))?.id) ?? null;
    const host = { ...before, ...(identity ? identified(protocol, identity) : {}), targetId, protocol, instance };
    if (identity || before.instance !== instance || before.protocol !== protocol) await updateHost(tx, host);
    if (news) await storeFacts(ctx, tx, hostId, facts);
    if (identity || news) await recordHostChange(ctx, tx, host);
    note.instance = instance;
    note.intervalMs = host.intervalMs;
    return host.agentVersion === null;
  });
}

async function answer(
  ctx: Context,
  caller: AgentCaller,
  note: Note,
  says: Checkin,
  wantIdentity: boolean,
  hold: AbortSignal,
): Promise<CheckedIn> {
  const topic = `host:${caller.hostId}` as const;
  let who = caller;
  for (;;) {
    const version = ctx.bus.version(topic);
    const found = await look(ctx, who, note, says, version);
    const said: CheckedIn = { now: ctx.now(), ...found.words, ...(wantIdentity ? { wantIdentity } : {}) };
    if (hold.aborted || isNews(note, said, ctx.now())) return said;
    const woken = await ctx.bus.wait(topic, version, waitMs(ctx, said, found.againAt), hold);
    if (hold.aborted || ctx.bus.closed) return { ...said, now: ctx.now() };
    if (!woken && found.againAt === null) return { ...said, now: ctx.now() };
    const still = await verifyAgentToken(ctx, caller.bearer);
    if (still?.hostId !== caller.hostId) throw new Problem('unauthenticated', 'Invalid API token');
    who = { ...caller, rotating: still.rotating };
  }
}

type Found = { words: Pick<CheckedIn, 'orders' | 'cancel' | 'settled' | 'token'>; againAt: number | null };

async function look(ctx: Context, caller: AgentCaller, note: Note, says: Checkin, version: number): Promise<Found> {
  if (note.quietAt === version && says.held.length === 0 && !caller.rotating)
    return { words: { orders: [], cancel: [], settled: [] }, againAt: null };
  const token = await pendingToken(ctx, caller);
  const { orders, cancel, settled, againAt, quiet }: Told = await tellRuns(ctx, caller.hostId, says.held);
  note.quietAt = quiet && token === undefined ? version : undefined;
  return { words: { orders, cancel, settled, ...(token === undefined ? {} : { token }) }, againAt };
}

const hasWords = (said: CheckedIn): boolean =>
  said.orders.length + said.cancel.length + said.settled.length > 0 ||
  said.token !== undefined ||
  said.wantIdentity === true;

/** Whether the answer holds anything the host was not told a moment ago. What it holds counts as told from now on. */
function isNews(note: Note, said: CheckedIn, now: number): boolean {
  if (!hasWords(said)) return false;
  const words = [
    ...said.orders.map((o) => `order ${o.id}`),
    ...said.cancel.map((id) => `cancel ${id}`),
    ...said.settled.map((id) => `settled ${id}`),
    ...(said.token === undefined ? [] : ['token']),
    ...(said.wantIdentity ? ['identity'] : []),
  ];
  const old = (at: number | undefined): boolean => at === undefined || Math.abs(now - at) >= REPEAT_MS;
  const news = said.orders.length > 0 || words.some((word) => old(note.told.get(word)));
  if (!news) return false;
  for (const [word, at] of note.told) if (old(at)) note.told.delete(word);
  for (const word of words) note.told.set(word, now);
  return true;
}

/** Words that are not news are said again soon; a lease that ends is looked at when it does. */
function waitMs(ctx: Context, said: CheckedIn, againAt: number | null): number {
  const longest = hasWords(said) ? REPEAT_MS : 60_000;
  return againAt === null ? longest : Math.max(50, Math.min(longest, againAt - ctx.now()));
}
