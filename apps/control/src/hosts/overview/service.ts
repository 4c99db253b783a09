// Hosts as people see them: what is known, what runs, what ran last, and what may be asked of them now.
import type { Host, HostPage, HostQuery } from '@nixfleet/contract/hosts.ts';
import type { Context } from '../../context.ts';
import type { Db } from '../../db/database.ts';
import { permissionsOf } from '../../runs/admission/rules.ts';
import { candidateOf, listTargetHeads } from '../../runs/creation/service.ts';
import { leaseHolds } from '../../runs/rules.ts';
import { countQueued, findRuns, listHandedOver, type RunRecord, toRun } from '../../runs/service.ts';
import { convergence, hostState, metadata, targetOf } from '../rules.ts';
import { getHost, type HostRecord, readFacts } from '../service.ts';
import { findBuilds, findOrigins, listHostPage } from './read.ts';

export async function listHosts(ctx: Context, { after, limit, state, search }: HostQuery): Promise<HostPage> {
  const found = await listHostPage(ctx.db, { after, state, search }, ctx.now(), limit + 1);
  const page = found.slice(0, limit);
  const last = found.length > limit ? page.at(-1) : undefined;
  return { hosts: await describe(ctx, page), ...(last ? { next: last.name } : {}) };
}

export async function getHostOverview(ctx: Context, ref: string, db: Db = ctx.db): Promise<Host> {
  const [host] = await describe(ctx, [await getHost(db, ref)], db);
  if (!host) throw new Error('one record gives one host');
  return host;
}

/** A constant number of queries, however many hosts. */
export async function describe(ctx: Context, records: readonly HostRecord[], db: Db = ctx.db): Promise<Host[]> {
  const ids = records.map((h) => h.id);
  const heads = await listTargetHeads(db);
  const facts = await readFacts(db, ids);
  const queued = await countQueued(db, ids);
  const handed = new Map((await listHandedOver(db, ids)).map((r) => [r.hostId, r]));
  const ended = new Map(
    (
      await findRuns(
        db,
        records.flatMap((h) => h.lastRunId ?? []),
      )
    ).map((r) => [r.id, r]),
  );
  const commits = heads.flatMap((t) => t.head ?? []);
  const closures = new Map((await findBuilds(db, ids, commits)).map((b) => [`${b.hostId} ${b.commit}`, b.storePath]));
  const running = [...new Set([...facts.values()].flatMap((f) => f.system?.value.running ?? []))];
  const origins = new Map((await findOrigins(db, ids, running)).map((b) => [`${b.hostId} ${b.storePath}`, b.commit]));
  return records.map((record) => {
    const known = facts.get(record.id) ?? {};
    const { target, noTarget } = targetOf(record, heads);
    return compose(ctx, record, {
      facts: known,
      queued: queued.get(record.id) ?? 0,
      run: handed.get(record.id),
      lastRun: record.lastRunId === null ? undefined : ended.get(record.lastRunId),
      targetId: target?.id ?? null,
      convergence: convergence({
        agentKind: record.agentKind,
        target,
        noTarget,
        facts: known,
        headClosure: closures.get(`${record.id} ${target?.head ?? ''}`) ?? null,
        runningCommit: origins.get(`${record.id} ${known.system?.value.running ?? ''}`) ?? null,
        deployed: record.legacy?.deployed ?? null,
      }),
      permissions: permissionsOf(candidateOf(ctx, record, heads, known, queued.get(record.id) ?? 0)),
    });
  });
}

type Parts = Pick<Host, 'facts' | 'queued' | 'targetId' | 'convergence' | 'permissions'> & {
  run: RunRecord | undefined;
  lastRun: RunRecord | undefined;
};

function compose(ctx: Context, r: HostRecord, { run, lastRun, ...parts }: Parts): Host {
  const now = ctx.now();
  const note = ctx.presence.find(r.id);
  const lastSeenAt = note?.heardAt || r.lastSeenAt;
  const leased = run !== undefined && leaseHolds(run.leaseUntil, now, longestLease(ctx, r));
  return {
    ...metadata(r.reported, r.edited),
    ...parts,
    id: r.id,
    name: r.name,
    platform: r.platform,
    agentKind: r.agentKind,
    agentVersion: r.agentVersion,
    protocol: r.protocol,
    capabilities: r.capabilities,
    attribute: r.attribute,
    state: hostState({ lastSeenAt, intervalMs: r.intervalMs, held: note?.hold !== undefined, leased }, now),
    intervalMs: r.intervalMs,
    run: run ? toRun(run, r.name, now) : null,
    lastRun: lastRun ? toRun(lastRun, r.name, now) : null,
    lastSeenAt,
    enrolledAt: r.enrolledAt,
    createdAt: r.createdAt,
  };
}

/** A v1 agent is silent while it works: its lease lasts as long as its verb may. */
const longestLease = (ctx: Context, r: HostRecord): number =>
  r.agentKind === 'legacy' ? 3_600_000 : ctx.config.leaseMs;
