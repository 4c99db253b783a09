// The one file that knows which engine holds the data, and the list of its tables. Everything else sees `Db` and `Tx`.
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Insertable, Kysely, PostgresDialect, type Selectable, sql, type Transaction } from 'kysely';
import { Pool, types as pgTypes } from 'pg';
import type { AccessTables } from '../access/tables.ts';
import type { EventTables } from '../events/tables.ts';
import type { HostTables } from '../hosts/tables.ts';
import type { RunTables } from '../runs/tables.ts';
import type { TargetTables } from '../targets/tables.ts';
import { sqliteDialect } from './sqlite.ts';

export type Tables = AccessTables & EventTables & HostTables & RunTables & TargetTables;
export type Db = Kysely<Tables>;
/** A function that takes `Tx` must run inside a transaction. */
export type Tx = Transaction<Tables>;
export type Row<T extends keyof Tables> = Selectable<Tables[T]>;
export type NewRow<T extends keyof Tables> = Insertable<Tables[T]>;

export type Engine = 'sqlite' | 'postgres';
export type OpenDatabase = { db: Db; engine: Engine };

/** Where the data lies: a file (`:memory:` for tests) or a `postgres:` URL. */
export function openDatabase(where: { file: string } | { url: string }): OpenDatabase {
  if ('url' in where) return { db: new Kysely<Tables>({ dialect: postgresDialect(where.url) }), engine: 'postgres' };
  if (where.file !== ':memory:') mkdirSync(dirname(where.file), { recursive: true, mode: 0o700 });
  return { db: new Kysely<Tables>({ dialect: sqliteDialect(where.file) }), engine: 'sqlite' };
}

const INT8 = 20;

function postgresDialect(url: string): PostgresDialect {
  // Our 64-bit integers are times in milliseconds and counters, all below 2^53: numbers, not strings.
  const types = {
    getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
      oid === INT8 ? Number : pgTypes.getTypeParser(oid, format)) as typeof pgTypes.getTypeParser,
  };
  const pool = new Pool({ connectionString: url, max: 10, types, connectionTimeoutMillis: 10_000 });
  pool.on('error', () => {
    // An idle connection broke, as when the server restarts: the pool has dropped it, and the next query opens another.
  });
  return new PostgresDialect({ pool });
}

/** Serialises transactions that append to an ordered table, so that ids become visible in their order. */
export async function lockOrder(tx: Tx, engine: Engine): Promise<void> {
  if (engine === 'postgres') await sql`select pg_advisory_xact_lock(4711)`.execute(tx);
}
