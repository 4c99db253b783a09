// The list of migrations, oldest first. They only go forward, are frozen once released, and never import the app's code.
import type { Migration } from 'kysely/migration';
import { core } from './0001-core.ts';
import type { Engine } from '../database.ts';

export const migrations = (engine: Engine): Record<string, Migration> => ({
  '0001-core': core(engine),
});
