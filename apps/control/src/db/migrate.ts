// Brings the database to the newest schema. Runs at start and by `nixfleet-control migrate`.
import { Migrator } from 'kysely/migration';
import type { OpenDatabase } from './database.ts';
import { migrations } from './migrations/index.ts';

/** The names of the migrations that were applied now. Throws with the failing one's name; what was applied stays. */
export async function migrate({ db, engine }: OpenDatabase): Promise<string[]> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve(migrations(engine)) },
  });
  const { error, results } = await migrator.migrateToLatest();
  const failed = results?.find((r) => r.status === 'Error');
  if (error)
    throw new Error(`could not migrate the database${failed ? ` (${failed.migrationName})` : ''}`, { cause: error });
  return (results ?? []).map((r) => r.migrationName);
}
