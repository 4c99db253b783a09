// Kysely on Node's own SQLite: WAL, foreign keys, and full sync for what an operator was promised.
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { SqliteDialect, type SqliteDatabase } from 'kysely';

const MAX_STATEMENTS = 500;

export function sqliteDialect(file: string): SqliteDialect {
  return new SqliteDialect({
    database: () => {
      const database = new DatabaseSync(file);
      database.exec(
        'pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; pragma busy_timeout = 5000;',
      );
      return Promise.resolve(adapt(database));
    },
  });
}

/** What Kysely asks of a driver, with prepared statements kept: compiling one costs more than running it. */
function adapt(database: DatabaseSync): SqliteDatabase {
  const kept = new Map<string, ReturnType<SqliteDatabase['prepare']>>();
  return {
    close: () => database.close(),
    prepare(text) {
      const known = kept.get(text);
      if (known) return known;
      const statement = database.prepare(text);
      const made = {
        reader: statement.columns().length > 0,
        // Kysely passes only values that SQLite takes: text, numbers, blobs and null.
        all: (parameters: readonly unknown[]) => statement.all(...(parameters as SQLInputValue[])),
        run: (parameters: readonly unknown[]) => statement.run(...(parameters as SQLInputValue[])),
        iterate: (parameters: readonly unknown[]) => statement.iterate(...(parameters as SQLInputValue[])),
      };
      if (kept.size >= MAX_STATEMENTS) kept.clear();
      kept.set(text, made);
      return made;
    },
  };
}
