// What the list of hosts joins: one page of hosts, and the builds that say which commit a closure came from. Each is one
// indexed query, however many hosts there are.
import { sql } from 'kysely';
import type { HostState } from '@nixfleet/contract/hosts.ts';
import type { Db } from '../../db/database.ts';
import { type HostRecord, toHost } from '../store.ts';

export type HostFilter = { after?: string | undefined; search?: string | undefined; state?: HostState | undefined };

/** Hosts by name. The times in the database are at most some seconds old, which the shortest silence is longer than. */
export async function listHostPage(db: Db, filter: HostFilter, now: number, limit: number): Promise<HostRecord[]> {
  const { after, search, state } = filter;
  let query = db.selectFrom('hosts').selectAll().where('retired_at', 'is', null).orderBy('name').limit(limit);
  if (after !== undefined) query = query.where('name', '>', after);
  if (search !== undefined && search !== '')
    query = query.where('name', 'like', `%${search.toLowerCase().replaceAll(/[%_\\]/g, '')}%`);
  // The rule is hosts/rules.ts `hostState`; here it is again, as SQL.
  const heard = sql<boolean>`abs(${now} - last_seen_at) <= 3 * (case when interval_ms < 10000 then 10000 else interval_ms end)`;
  const leased = sql<boolean>`exists (select 1 from runs where runs.host_id = hosts.id and runs.live = 1 and runs.state <> 'queued' and runs.lease_until > ${now})`;
  if (state === 'online') query = query.where(sql<boolean>`(last_seen_at is not null and ${heard}) or ${leased}`);
  if (state === 'offline')
    query = query.where(sql<boolean>`last_seen_at is not null and not (${heard}) and not ${leased}`);
  if (state === 'never_seen') query = query.where('last_seen_at', 'is', null);
  return (await query.execute()).map(toHost);
}

export type Build = { hostId: string; commit: string; storePath: string; builtAt: number };

const columns = ['host_id as hostId', 'commit', 'store_path as storePath', 'built_at as builtAt'] as const;

/** The closures these commits gave on these hosts. */
export async function findBuilds(db: Db, hostIds: readonly string[], commits: readonly string[]): Promise<Build[]> {
  if (hostIds.length === 0 || commits.length === 0) return [];
  return db
    .selectFrom('builds')
    .select(columns)
    .where('host_id', 'in', hostIds)
    .where('commit', 'in', commits)
    .execute();
}

/** The commits these closures came from, oldest build first. */
export async function findOrigins(db: Db, hostIds: readonly string[], closures: readonly string[]): Promise<Build[]> {
  if (hostIds.length === 0 || closures.length === 0) return [];
  return db
    .selectFrom('builds')
    .select(columns)
    .where('host_id', 'in', hostIds)
    .where('store_path', 'in', closures)
    .orderBy('built_at')
    .execute();
}
