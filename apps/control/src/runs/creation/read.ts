// What the admission of runs needs of targets: their heads, and what is known of commits.
import type { Db } from '../../db/database.ts';
import type { TargetHead } from '../../hosts/rules.ts';

/** Oldest first. */
export async function listTargetHeads(db: Db): Promise<TargetHead[]> {
  return db.selectFrom('targets').select(['id', 'name', 'url', 'head']).orderBy('created_at').orderBy('id').execute();
}

/** Subjects by commit; those we do not know are absent. */
export async function findSubjects(
  db: Db,
  targetIds: readonly string[],
  commits: readonly string[],
): Promise<Map<string, string>> {
  if (targetIds.length === 0 || commits.length === 0) return new Map();
  const rows = await db
    .selectFrom('commits')
    .select(['commit', 'subject'])
    .where('target_id', 'in', targetIds)
    .where('commit', 'in', commits)
    .execute();
  return new Map(rows.map((r) => [r.commit, r.subject]));
}
