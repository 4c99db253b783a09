// SQL of targets and their recent commits.
import { SignatureStatus, type Target, type TargetCommit } from '@nixfleet/contract/targets.ts';
import type { Db, NewRow, Row, Tx } from '../db/database.ts';

export type TargetRecord = Omit<Target, 'hosts'> & { createdAt: number };

export async function insertTarget(tx: Tx, row: NewRow<'targets'>): Promise<void> {
  await tx.insertInto('targets').values(row).execute();
}

/** By id, or by name. */
export async function findTargetRow(db: Db, ref: string): Promise<Row<'targets'> | undefined> {
  return db
    .selectFrom('targets')
    .selectAll()
    .where((e) => e.or([e('id', '=', ref), e('name', '=', ref)]))
    .executeTakeFirst();
}

export async function listTargetRows(db: Db): Promise<Row<'targets'>[]> {
  return db.selectFrom('targets').selectAll().orderBy('created_at').orderBy('id').execute();
}

/** By name. */
export async function listTargets(db: Db): Promise<Target[]> {
  const rows = await db
    .selectFrom('targets')
    .leftJoin('commits', (j) =>
      j.onRef('commits.target_id', '=', 'targets.id').onRef('commits.commit', '=', 'targets.head'),
    )
    .select((e) => [
      'targets.id',
      'targets.name',
      'targets.url',
      'targets.branch',
      'targets.fetched_at',
      'targets.error',
      'commits.commit',
      'commits.subject',
      'commits.author',
      'commits.at',
      'commits.signature',
      'commits.signer',
      e
        .selectFrom('hosts')
        .select((h) => h.fn.countAll<number>().as('n'))
        .whereRef('hosts.target_id', '=', 'targets.id')
        .where('hosts.retired_at', 'is', null)
        .as('hosts'),
    ])
    .orderBy('targets.name')
    .execute();
  return rows.map((r) => ({
    id: r.id,
    name: r.name,
    url: r.url,
    branch: r.branch,
    head: toHead(r),
    fetchedAt: r.fetched_at,
    error: r.error,
    hosts: r.hosts ?? 0,
  }));
}

type CommitColumns = Pick<Row<'commits'>, 'commit' | 'subject' | 'author' | 'at' | 'signature' | 'signer'>;

/** A left join gives all of a commit's columns, or none. */
const toHead = (r: { [K in keyof CommitColumns]: CommitColumns[K] | null }): TargetCommit | null => {
  const { commit, subject, author, at, signature, signer } = r;
  if (commit === null || subject === null || author === null || at === null || signature === null) return null;
  return toCommit({ commit, subject, author, at, signature, signer });
};

const toCommit = (r: CommitColumns): TargetCommit => ({
  commit: r.commit,
  subject: r.subject,
  author: r.author,
  at: r.at,
  signature: SignatureStatus.parse(r.signature),
  signer: r.signer,
});

/** Newest first, beginning after the commit at position `after`. */
export async function listCommits(db: Db, targetId: string, after: number, limit: number): Promise<TargetCommit[]> {
  const rows = await db
    .selectFrom('commits')
    .selectAll()
    .where('target_id', '=', targetId)
    .where('position', '>', after)
    .orderBy('position')
    .limit(limit)
    .execute();
  return rows.map(toCommit);
}

export async function findPosition(db: Db, targetId: string, commit: string): Promise<number | undefined> {
  const row = await db
    .selectFrom('commits')
    .select('position')
    .where('target_id', '=', targetId)
    .where('commit', '=', commit)
    .executeTakeFirst();
  return row?.position;
}

export async function findKeptCommit(db: Db, targetId: string, commit: string): Promise<TargetCommit | undefined> {
  const row = await db
    .selectFrom('commits')
    .selectAll()
    .where('target_id', '=', targetId)
    .where('commit', '=', commit)
    .executeTakeFirst();
  return row && toCommit(row);
}

/** A fetch that found what is already known. */
export async function touchTarget(db: Db, id: string, now: number): Promise<void> {
  await db.updateTable('targets').set({ fetched_at: now, error: null }).where('id', '=', id).execute();
}

export async function saveError(tx: Tx, id: string, error: string): Promise<void> {
  await tx.updateTable('targets').set({ error }).where('id', '=', id).execute();
}

export async function saveCommits(tx: Tx, id: string, commits: TargetCommit[], now: number): Promise<void> {
  const head = commits[0]?.commit ?? null;
  await tx.updateTable('targets').set({ head, fetched_at: now, error: null }).where('id', '=', id).execute();
  await tx.deleteFrom('commits').where('target_id', '=', id).execute();
  if (commits.length === 0) return;
  const rows = commits.map((c, position) => ({ ...c, target_id: id, position }));
  await tx.insertInto('commits').values(rows).execute();
}

/** Another repository or branch under the same name: what was known of the old one goes. */
export async function moveTarget(tx: Tx, id: string, to: { url: string; branch: string }): Promise<void> {
  await tx
    .updateTable('targets')
    .set({ ...to, head: null, fetched_at: null, error: null })
    .where('id', '=', id)
    .execute();
  await tx.deleteFrom('commits').where('target_id', '=', id).execute();
}

/** Its commits go with it; hosts that used it have none then. */
export async function deleteTargetRow(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('targets').where('id', '=', id).execute();
}
