// Targets: made known, removed, asked about. Fetching is the reconciler's (reconcile.ts).
import { Problem } from '@nixfleet/contract/problem.ts';
import type { CommitPage, CreateTarget, Target, TargetCommit } from '@nixfleet/contract/targets.ts';
import { pause } from '@nixfleet/kit/backoff.ts';
import type { Context } from '../context.ts';
import { transact } from '../context.ts';
import type { Db, Row } from '../db/database.ts';
import { record } from '../events/service.ts';
import { findMirrored, isAncestor, removeMirror } from './mirror.ts';
import { fetcherName, repositoryKey, shownUrl } from './rules.ts';
import {
  deleteTargetRow,
  findKeptCommit,
  findPosition,
  findTargetRow,
  insertTarget,
  listCommits,
  listTargetRows,
  listTargets,
  moveTarget,
} from './store.ts';

/** How long a refresh waits for repositories before it answers with what is known. */
const REFRESH_MS = 15_000;

export type TargetHead = { id: string; name: string; url: string; branch: string; head: string | null };

/** By id or name; for other features: what a run is pinned to. */
export async function findTarget(db: Db, ref: string): Promise<TargetHead | undefined> {
  const row = await findTargetRow(db, ref);
  return row && toHead(row);
}

/** The target of a host that enrols: the one of its own repository; for a host that names none, the oldest. */
export async function defaultTarget(db: Db, repository: string | null): Promise<TargetHead | undefined> {
  const rows = await listTargetRows(db);
  const row = repository === null ? rows[0] : rows.find((r) => repositoryKey(r.url) === repositoryKey(repository));
  return row && toHead(row);
}

const toHead = ({ id, name, url, branch, head }: Row<'targets'>): TargetHead => ({ id, name, url, branch, head });

/** A commit of the target's branch: from what is kept, else from the mirror. Undefined if the branch does not have it. */
export async function findCommit(ctx: Context, targetId: string, commit: string): Promise<TargetCommit | undefined> {
  const kept = await findKeptCommit(ctx.db, targetId, commit);
  if (kept) return kept;
  const row = await findTargetRow(ctx.db, targetId);
  return row && findMirrored(ctx, row, commit);
}

/** Whether `newer` contains `older`, as far as the mirror knows. */
export const isAncestorOf = (ctx: Context, targetId: string, older: string, newer: string): Promise<boolean> =>
  isAncestor(ctx, targetId, older, newer);

export async function getTargets(ctx: Context): Promise<{ targets: Target[] }> {
  const targets = await listTargets(ctx.db);
  return { targets: targets.map((t) => ({ ...t, url: shownUrl(t.url) })) };
}

export async function getTarget(ctx: Context, ref: string): Promise<Target> {
  const { targets } = await getTargets(ctx);
  const found = targets.find((t) => t.id === ref || t.name === ref);
  if (!found) throw new Problem('target_not_found', 'There is no such target');
  return found;
}

export async function createTarget(ctx: Context, { name, url, branch }: CreateTarget): Promise<Target> {
  const id = ctx.newId('target');
  await transact(ctx, async (tx) => {
    if (await findTargetRow(tx, name))
      throw new Problem('target_name_taken', `There is a target named ${name} already`);
    await insertTarget(tx, { id, name, url, branch, head: null, fetched_at: null, error: null, created_at: ctx.now() });
    await record(ctx, tx, { name: 'target_changed', body: { target_id: id, name } });
  });
  void reconcilerNamed(ctx, 'targets')?.activate();
  return getTarget(ctx, id);
}

/** Hosts that used it keep running what they run, and have no target until they are given one. */
export async function deleteTarget(ctx: Context, ref: string): Promise<void> {
  const id = await transact(ctx, async (tx) => {
    const row = await findTargetRow(tx, ref);
    if (!row) throw new Problem('target_not_found', 'There is no such target');
    await deleteTargetRow(tx, row.id);
    await record(ctx, tx, { name: 'target_changed', body: { target_id: row.id, name: row.name, removed: true } });
    return row.id;
  });
  await reconcilerNamed(ctx, 'targets')?.activate();
  removeMirror(ctx, id);
}

/** Fetches all repositories now. One that does not answer in time does not keep the others from being seen. */
export async function refreshTargets(ctx: Context): Promise<{ targets: Target[] }> {
  const done = new AbortController();
  const all = async (): Promise<void> => {
    await reconcilerNamed(ctx, 'targets')?.activate();
    await Promise.all(ctx.reconcilers.filter((r) => r.name.startsWith(fetcherName(''))).map((r) => r.activate()));
  };
  await Promise.race([all().finally(() => done.abort()), pause(REFRESH_MS, done.signal)]);
  return getTargets(ctx);
}

const reconcilerNamed = (ctx: Context, name: string) => ctx.reconcilers.find((r) => r.name === name);

/** Cursor: the last commit of the page before. */
export async function getCommits(
  ctx: Context,
  ref: string,
  { after, limit }: { after?: string | undefined; limit: number },
): Promise<CommitPage> {
  const row = await findTargetRow(ctx.db, ref);
  if (!row) throw new Problem('target_not_found', 'There is no such target');
  const position = after === undefined ? -1 : await findPosition(ctx.db, row.id, after);
  if (position === undefined)
    throw new Problem('bad_request', 'The page before is no longer kept', { next: 'Start again without `after`' });
  const commits = await listCommits(ctx.db, row.id, position, limit + 1);
  const page = commits.slice(0, limit);
  const last = page.at(-1);
  return commits.length > limit && last ? { commits: page, next: last.commit } : { commits: page };
}

/** Makes the targets of the configuration known; those made by operators stay as they are. */
export async function ensureConfigured(ctx: Context): Promise<void> {
  for (const { name, url, branch } of ctx.config.targets) {
    await transact(ctx, async (tx) => {
      const row = await findTargetRow(tx, name);
      if (row && row.url === url && row.branch === branch) return;
      const id = row?.id ?? ctx.newId('target');
      const fresh = { id, name, url, branch, head: null, fetched_at: null, error: null, created_at: ctx.now() };
      await (row ? moveTarget(tx, id, { url, branch }) : insertTarget(tx, fresh));
      await record(ctx, tx, { name: 'target_changed', body: { target_id: id, name } });
    });
  }
}
