// The tables of hosts, facts and builds, and their SQL. Rows become records here.
import type { Expression, SqlBool } from 'kysely';
import type { Facts, Section } from '@nixfleet/contract/facts.ts';
import type { Host, Metadata } from '@nixfleet/contract/hosts.ts';
import type { Verb } from '@nixfleet/contract/verbs.ts';
import type { Db, NewRow, Row, Tx } from '../db/database.ts';

/** What a v1 agent claimed last. `deployed` is ours: the commit of its last successful switch. */
export type LegacyClaim = {
  generation: string | null;
  configRepo: string | null;
  testStatus: string | null;
  tests: { running: boolean; current: number; total: number; passed: number; result: string | null } | null;
  deployed: string | null;
};

export type HostRecord = {
  id: string;
  name: string;
  platform: Host['platform'];
  agentKind: Host['agentKind'];
  publicKey: string | null;
  protocol: number | null;
  agentVersion: string | null;
  capabilities: Verb[];
  attribute: string | null;
  repository: string | null;
  targetId: string | null;
  intervalMs: number;
  reported: Partial<Metadata>;
  edited: Partial<Metadata>;
  lastSeenAt: number | null;
  enrolledAt: number | null;
  createdAt: number;
  retiredAt: number | null;
  instance: string | null;
  legacy: LegacyClaim | null;
  lastRunId: string | null;
};

// Rows hold only what `toRow` wrote, so their text needs no second check.
export const toHost = (r: Row<'hosts'>): HostRecord => ({
  id: r.id,
  name: r.name,
  platform: r.platform as HostRecord['platform'],
  agentKind: r.agent_kind as HostRecord['agentKind'],
  publicKey: r.public_key,
  protocol: r.protocol,
  agentVersion: r.agent_version,
  capabilities: JSON.parse(r.capabilities) as Verb[],
  attribute: r.attribute,
  repository: r.repository,
  targetId: r.target_id,
  intervalMs: r.interval_ms,
  reported: JSON.parse(r.reported) as Partial<Metadata>,
  edited: JSON.parse(r.edited) as Partial<Metadata>,
  lastSeenAt: r.last_seen_at,
  enrolledAt: r.enrolled_at,
  createdAt: r.created_at,
  retiredAt: r.retired_at,
  instance: r.instance,
  legacy: r.legacy === null ? null : (JSON.parse(r.legacy) as LegacyClaim),
  lastRunId: r.last_run_id,
});

const toRow = (h: HostRecord): NewRow<'hosts'> => ({
  id: h.id,
  name: h.name,
  platform: h.platform,
  agent_kind: h.agentKind,
  public_key: h.publicKey,
  protocol: h.protocol,
  agent_version: h.agentVersion,
  capabilities: JSON.stringify(h.capabilities),
  attribute: h.attribute,
  repository: h.repository,
  target_id: h.targetId,
  interval_ms: h.intervalMs,
  reported: JSON.stringify(h.reported),
  edited: JSON.stringify(h.edited),
  last_seen_at: h.lastSeenAt,
  enrolled_at: h.enrolledAt,
  created_at: h.createdAt,
  retired_at: h.retiredAt,
  instance: h.instance,
  legacy: h.legacy === null ? null : JSON.stringify(h.legacy),
  last_run_id: h.lastRunId,
});

export async function insertHost(tx: Tx, host: HostRecord): Promise<void> {
  await tx.insertInto('hosts').values(toRow(host)).execute();
}

/** Everything but what heartbeats and ended runs write on their own. */
export async function updateHost(tx: Tx, host: HostRecord): Promise<void> {
  const { id, last_seen_at: _seen, last_run_id: _run, ...rest } = toRow(host);
  await tx.updateTable('hosts').set(rest).where('id', '=', id).execute();
}

export async function findHostById(db: Db, id: string): Promise<HostRecord | undefined> {
  const row = await db.selectFrom('hosts').selectAll().where('id', '=', id).executeTakeFirst();
  return row && toHost(row);
}

/** Retired hosts have no name any more. */
export async function findHostByName(db: Db, name: string): Promise<HostRecord | undefined> {
  const row = await db
    .selectFrom('hosts')
    .selectAll()
    .where('name', '=', name)
    .where('retired_at', 'is', null)
    .executeTakeFirst();
  return row && toHost(row);
}

export async function findHostByKey(db: Db, publicKey: string): Promise<HostRecord | undefined> {
  const row = await db.selectFrom('hosts').selectAll().where('public_key', '=', publicKey).executeTakeFirst();
  return row && toHost(row);
}

/** Those not retired among the given ids and names. */
export async function findHosts(db: Db, ids: readonly string[], names: readonly string[]): Promise<HostRecord[]> {
  const rows = await db
    .selectFrom('hosts')
    .selectAll()
    .where((e) => {
      const any: Expression<SqlBool>[] = [];
      if (ids.length > 0) any.push(e('id', 'in', ids));
      if (names.length > 0) any.push(e('name', 'in', names));
      return e.and([e('retired_at', 'is', null), any.length === 0 ? e.lit(false) : e.or(any)]);
    })
    .execute();
  return rows.map(toHost);
}

/** The names of hosts, retired ones too: for the runs they had. */
export async function findHostNames(db: Db, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await db.selectFrom('hosts').select(['id', 'name']).where('id', 'in', ids).execute();
  return new Map(rows.map((r) => [r.id, r.name]));
}

export async function listHostNames(db: Db, after: string, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom('hosts')
    .select('name')
    .where('retired_at', 'is', null)
    .where('name', '>', after)
    .orderBy('name')
    .limit(limit)
    .execute();
  return rows.map((r) => r.name);
}

type Fact = { section: Section; observedAt: number; value: unknown };

export const writeFacts = (tx: Tx, hostId: string, facts: readonly Fact[]): Promise<void> =>
  writeFactRows(
    tx,
    facts.map((f) => ({ hostId, ...f })),
  );

/** Facts of many hosts, each section replaced whole. */
export async function writeFactRows(tx: Tx, facts: readonly (Fact & { hostId: string })[]): Promise<void> {
  if (facts.length === 0) return;
  const rows = facts.map((f) => ({
    host_id: f.hostId,
    section: f.section,
    observed_at: f.observedAt,
    value: JSON.stringify(f.value),
  }));
  await tx
    .insertInto('facts')
    .values(rows)
    .onConflict((c) =>
      c.columns(['host_id', 'section']).doUpdateSet((e) => ({
        observed_at: e.ref('excluded.observed_at'),
        value: e.ref('excluded.value'),
      })),
    )
    .execute();
}

/** Facts by host. The text was checked when it came in. */
export async function readFacts(
  db: Db,
  hostIds: readonly string[],
  sections?: readonly Section[],
): Promise<Map<string, Facts>> {
  const all = new Map<string, Facts>();
  if (hostIds.length === 0) return all;
  let query = db.selectFrom('facts').selectAll().where('host_id', 'in', hostIds);
  if (sections) query = query.where('section', 'in', sections);
  for (const row of await query.execute()) {
    const one = { [row.section]: { observedAt: row.observed_at, value: JSON.parse(row.value) as unknown } };
    all.set(row.host_id, { ...all.get(row.host_id), ...one });
  }
  return all;
}

export async function writeBuild(
  tx: Tx,
  build: { hostId: string; commit: string; attribute: string; storePath: string; at: number },
): Promise<void> {
  const { hostId, commit, attribute, storePath, at } = build;
  await tx
    .insertInto('builds')
    .values({ host_id: hostId, commit, attribute, store_path: storePath, built_at: at })
    .onConflict((c) =>
      c.columns(['host_id', 'commit', 'attribute']).doUpdateSet({ store_path: storePath, built_at: at }),
    )
    .execute();
}

export async function setLastRun(tx: Tx, hostId: string, runId: string): Promise<void> {
  await tx.updateTable('hosts').set({ last_run_id: runId }).where('id', '=', hostId).execute();
}

export async function setLastSeen(tx: Tx, hostIds: readonly string[], at: number): Promise<void> {
  await tx.updateTable('hosts').set({ last_seen_at: at }).where('id', 'in', hostIds).execute();
}

export async function listLastSeen(db: Db): Promise<{ id: string; lastSeenAt: number; intervalMs: number }[]> {
  const rows = await db
    .selectFrom('hosts')
    .select(['id', 'last_seen_at', 'interval_ms'])
    .where('retired_at', 'is', null)
    .where('last_seen_at', 'is not', null)
    .execute();
  return rows.flatMap((r) =>
    r.last_seen_at === null ? [] : [{ id: r.id, lastSeenAt: r.last_seen_at, intervalMs: r.interval_ms }],
  );
}
