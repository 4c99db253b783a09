// Databases for tests: SQLite in memory, or, with TEST_DATABASE_URL set, a PostgreSQL database of the test's own, copied
// from a template that is migrated once.
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { type OpenDatabase, openDatabase } from './database.ts';
import { migrate } from './migrate.ts';

export type TestDatabase = OpenDatabase & { close: () => Promise<void> };

/** `server` is TEST_DATABASE_URL: any database of a server where databases may be made. */
export async function openTestDatabase(server: string | undefined): Promise<TestDatabase> {
  if (!server) {
    const opened = openDatabase({ file: ':memory:' });
    await migrate(opened);
    return { ...opened, close: () => opened.db.destroy() };
  }
  const name = `nixfleet_test_${randomBytes(8).toString('hex')}`;
  await onServer(server, async (admin) => {
    const template = await ensureTemplate(server, admin);
    await admin.query(`create database ${name} template ${template}`);
  });
  const opened = openDatabase({ url: urlOf(server, name) });
  return {
    ...opened,
    async close() {
      await opened.db.destroy();
      await onServer(server, (admin) => admin.query(`drop database if exists ${name} with (force)`));
    },
  };
}

/** Named after what the migrations say, so that a changed one makes a new template. */
async function ensureTemplate(server: string, admin: Client): Promise<string> {
  const template = `nixfleet_template_${hashOfMigrations()}`;
  // Test files run beside each other: one makes it, the others wait. Copying needs it to be unused, too.
  await admin.query('select pg_advisory_lock(471100)');
  const found = await admin.query('select 1 from pg_database where datname = $1', [template]);
  if (found.rowCount === 0) {
    await admin.query(`create database ${template}_new`);
    const opened = openDatabase({ url: urlOf(server, `${template}_new`) });
    try {
      await migrate(opened);
    } finally {
      await opened.db.destroy();
    }
    await admin.query(`alter database ${template}_new rename to ${template}`);
  }
  return template;
}

function hashOfMigrations(): string {
  const folder = join(import.meta.dirname, 'migrations');
  const hash = createHash('sha256');
  for (const file of readdirSync(folder).sort()) hash.update(readFileSync(join(folder, file)));
  return hash.digest('hex').slice(0, 16);
}

/** The lock taken inside ends with the connection. */
async function onServer<T>(server: string, work: (admin: Client) => Promise<T>): Promise<T> {
  const admin = new Client({ connectionString: server });
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.end();
  }
}

function urlOf(server: string, database: string): string {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url.toString();
}
