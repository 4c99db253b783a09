// Heartbeats and metrics are kept in memory and written once a second in one transaction; readers are told when a host
// comes or goes, and once for all that new metrics are there.
import type { ReportedFacts } from '@nixfleet/contract/facts.ts';
import type { Context } from '../../context.ts';
import { transact } from '../../context.ts';
import type { Note } from '../presence.ts';
import { hostState } from '../rules.ts';
import { recordHostChange } from '../service.ts';
import { record } from '../../events/service.ts';
import { findHosts, listLastSeen, setLastSeen, writeFactRows } from '../store.ts';

export type { Note };

const CHUNK = 500;
/** A held check-in is a sign of life for as long as it is held; its time in the database follows this often. */
export const HELD_EVERY_MS = 10_000;

/** The host was heard just now. Costs no query. */
export function heard(ctx: Context, hostId: string): void {
  ctx.presence.of(hostId).heardAt = ctx.now();
  ctx.presence.heard.add(hostId);
}

/** The host's newest metrics. Costs no query; a crash loses a second of them, and the next check-in brings more. */
export function measured(ctx: Context, hostId: string, { ageMs, value }: NonNullable<ReportedFacts['metrics']>): void {
  ctx.presence.measured.set(hostId, { observedAt: Math.max(0, ctx.now() - ageMs), value });
}

/** Writes what was heard since the last time, and tells of hosts that came or went. Safe to repeat. */
export async function flushHeartbeats(ctx: Context, { held }: { held: boolean }): Promise<void> {
  const { presence } = ctx;
  await load(ctx);
  const now = ctx.now();
  if (held) for (const [id, note] of presence.all()) if (note.hold) presence.heard.add(id);
  const ids = [...presence.heard];
  const metrics = [...presence.measured];
  presence.heard.clear();
  presence.measured.clear();
  try {
    await ctx.db.transaction().execute(async (tx) => {
      for (const chunk of chunks(ids)) await setLastSeen(tx, chunk, now);
      for (const chunk of chunks(metrics))
        await writeFactRows(
          tx,
          chunk.map(([hostId, fact]) => ({ hostId, section: 'metrics', ...fact })),
        );
    });
  } catch (error) {
    for (const id of ids) presence.heard.add(id);
    for (const [id, fact] of metrics) if (!presence.measured.has(id)) presence.measured.set(id, fact);
    throw error;
  }
  if (metrics.length > 0)
    await transact(ctx, (tx) => record(ctx, tx, { name: 'metrics_changed', body: { hosts: metrics.length } }));
  await announce(
    ctx,
    ids.filter((id) => !presence.of(id).online),
    true,
  );
  await announce(
    ctx,
    [...presence.all()].filter(([, note]) => fellSilent(note, now)).map(([id]) => id),
    false,
  );
}

function fellSilent(note: Note, now: number): boolean {
  const { heardAt: lastSeenAt, intervalMs, hold } = note;
  return (
    note.online && hostState({ lastSeenAt, intervalMs, held: hold !== undefined, leased: false }, now) === 'offline'
  );
}

function* chunks<T>(all: readonly T[]): Generator<T[]> {
  for (let from = 0; from < all.length; from += CHUNK) yield all.slice(from, from + CHUNK);
}

async function announce(ctx: Context, ids: readonly string[], online: boolean): Promise<void> {
  for (const chunk of chunks(ids)) {
    await transact(ctx, async (tx) => {
      for (const host of await findHosts(tx, chunk, [])) await recordHostChange(ctx, tx, host, { online });
    });
    for (const id of chunk) ctx.presence.of(id).online = online;
  }
}

/** Once a process: who was online before it started is not news. */
async function load(ctx: Context): Promise<void> {
  if (ctx.presence.loaded) return;
  const now = ctx.now();
  for (const { id, lastSeenAt, intervalMs } of await listLastSeen(ctx.db)) {
    const note = ctx.presence.of(id);
    note.intervalMs = intervalMs;
    note.heardAt ||= lastSeenAt;
    note.online = hostState({ lastSeenAt, intervalMs, held: false, leased: false }, now) === 'online';
  }
  ctx.presence.loaded = true;
}
