// Finding hosts, and what other features need to know of them. Nothing here knows of runs; screens that show both are in
// overview/.
import type { Facts, ReportedFacts, Section } from '@nixfleet/contract/facts.ts';
import { HostId, HostRef } from '@nixfleet/contract/names.ts';
import { Problem } from '@nixfleet/contract/problem.ts';
import type { Context } from '../context.ts';
import type { Db, Tx } from '../db/database.ts';
import { record } from '../events/service.ts';
import { metadata } from './rules.ts';
import {
  findHostById,
  findHostByKey,
  findHostByName,
  findHostNames,
  findHosts,
  type HostRecord,
  insertHost,
  listHostNames,
  readFacts,
  setLastRun,
  updateHost,
  writeBuild,
  writeFacts,
} from './store.ts';

export type { HostRecord, LegacyClaim } from './store.ts';
export {
  findHostById,
  findHostByKey,
  findHostByName,
  findHostNames,
  insertHost,
  listHostNames,
  readFacts,
  setLastRun,
  updateHost,
  writeBuild,
};

const isId = (ref: string): boolean => HostId.safeParse(ref).success;

/** By id or current name; a retired host only by its id. */
export async function findHost(db: Db, ref: string): Promise<HostRecord | undefined> {
  return isId(ref) ? findHostById(db, ref) : findHostByName(db, ref);
}

/** Throws for one that is not there or is retired. */
export async function getHost(db: Db, ref: string): Promise<HostRecord> {
  const host = await findHost(db, ref);
  if (!host)
    throw new Problem('host_not_found', `There is no host ${ref}`, { next: 'nixfleet hosts lists those known' });
  if (host.retiredAt !== null) throw new Problem('host_retired', `${host.name} is retired`);
  return host;
}

/** Those that exist, by the reference each was asked for. */
export async function findHostsByRef(db: Db, refs: readonly string[]): Promise<Map<string, HostRecord>> {
  const known = refs.flatMap((ref) => HostRef.safeParse(ref).data ?? []);
  const found = await findHosts(
    db,
    known.filter(isId),
    known.filter((ref) => !isId(ref)),
  );
  const byRef = new Map(found.flatMap((h) => [[h.id, h] as const, [h.name, h] as const]));
  return new Map(
    refs.flatMap((ref) => {
      const host = byRef.get(HostRef.safeParse(ref).data ?? '');
      return host ? [[ref, host] as const] : [];
    }),
  );
}

/** A host as it is before anything called or was said of it. */
export const newHost = (ctx: Context, name: string): HostRecord => ({
  id: ctx.newId('host'),
  name,
  platform: 'nixos',
  agentKind: 'native',
  publicKey: null,
  protocol: null,
  agentVersion: null,
  capabilities: [],
  attribute: null,
  repository: null,
  targetId: null,
  intervalMs: 30_000,
  reported: {},
  edited: {},
  lastSeenAt: null,
  enrolledAt: null,
  createdAt: ctx.now(),
  retiredAt: null,
  instance: null,
  legacy: null,
  lastRunId: null,
});

/** Sections replace what was known, whole; their age tells when they were true by our clock. */
export async function storeFacts(ctx: Context, tx: Tx, hostId: string, facts: ReportedFacts): Promise<void> {
  const now = ctx.now();
  const rows = Object.entries(facts).flatMap(([section, fact]) =>
    fact === undefined
      ? []
      : // The keys of ReportedFacts are the sections.
        [{ section: section as Section, observedAt: Math.max(0, now - fact.ageMs), value: fact.value }],
  );
  await writeFacts(tx, hostId, rows);
}

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

/** A hint for readers of ours, and v1's `host_update` for external dashboards. Call inside `transact`. */
export async function recordHostChange(
  ctx: Context,
  tx: Tx,
  host: HostRecord,
  more: { online?: boolean; facts?: Facts; body?: Record<string, unknown> } = {},
): Promise<void> {
  const { location, deviceType, themeColor, criticality, comment } = metadata(host.reported, host.edited);
  const lastSeenAt = ctx.presence.find(host.id)?.heardAt || host.lastSeenAt;
  await record(ctx, tx, { name: 'host_changed', hostId: host.id });
  await record(ctx, tx, {
    name: 'host_update',
    hostId: host.id,
    body: {
      host_id: host.name,
      hostname: host.name,
      host_type: host.platform === 'nix-darwin' ? 'macos' : host.platform === 'home-manager' ? 'linux' : host.platform,
      location,
      device_type: deviceType,
      theme_color: themeColor,
      criticality,
      comment,
      agent_version: host.agentVersion,
      current_generation: more.facts?.system?.value.commit ?? host.legacy?.generation ?? null,
      test_status: host.legacy?.testStatus ?? null,
      test_running: host.legacy?.tests?.running ?? false,
      last_seen: iso(lastSeenAt),
      online: more.online ?? true,
      ...more.body,
    },
  });
}
