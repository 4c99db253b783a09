// Hosts, runs, journals, targets, access, events.
import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

export const core = (engine: 'sqlite' | 'postgres'): Migration => ({
  async up(db: Kysely<unknown>) {
    const big = engine === 'postgres' ? 'bigint' : 'integer';
    // Byte order on both engines: names and ids must sort the same everywhere.
    const text = engine === 'postgres' ? sql`text collate "C"` : 'text';
    const s = db.schema;

    await s
      .createTable('targets')
      .addColumn('id', text, (c) => c.primaryKey())
      .addColumn('name', text, (c) => c.notNull().unique())
      .addColumn('url', 'text', (c) => c.notNull())
      .addColumn('branch', 'text', (c) => c.notNull())
      .addColumn('head', 'text')
      .addColumn('fetched_at', big)
      .addColumn('error', 'text')
      .addColumn('created_at', big, (c) => c.notNull())
      .execute();
    await s
      .createTable('commits')
      .addColumn('target_id', text, (c) => c.notNull().references('targets.id').onDelete('cascade'))
      .addColumn('commit', text, (c) => c.notNull())
      .addColumn('position', 'integer', (c) => c.notNull())
      .addColumn('subject', 'text', (c) => c.notNull())
      .addColumn('author', 'text', (c) => c.notNull())
      .addColumn('at', big, (c) => c.notNull())
      .addColumn('signature', 'text', (c) => c.notNull())
      .addColumn('signer', 'text')
      .addPrimaryKeyConstraint('commits_pk', ['target_id', 'commit'])
      .execute();
    await s.createIndex('commits_position').on('commits').columns(['target_id', 'position']).execute();

    await s
      .createTable('hosts')
      .addColumn('id', text, (c) => c.primaryKey())
      .addColumn('name', text, (c) => c.notNull())
      .addColumn('platform', 'text', (c) => c.notNull())
      .addColumn('agent_kind', 'text', (c) => c.notNull())
      .addColumn('public_key', text)
      .addColumn('protocol', 'integer')
      .addColumn('agent_version', 'text')
      .addColumn('capabilities', 'text', (c) => c.notNull())
      .addColumn('attribute', 'text')
      .addColumn('repository', 'text')
      .addColumn('target_id', text, (c) => c.references('targets.id').onDelete('set null'))
      .addColumn('interval_ms', big, (c) => c.notNull())
      .addColumn('reported', 'text', (c) => c.notNull())
      .addColumn('edited', 'text', (c) => c.notNull())
      .addColumn('last_seen_at', big)
      .addColumn('enrolled_at', big)
      .addColumn('created_at', big, (c) => c.notNull())
      .addColumn('retired_at', big)
      .addColumn('instance', 'text')
      .addColumn('legacy', 'text')
      .addColumn('last_run_id', text)
      .execute();
    await sql`create unique index hosts_name on hosts (name) where retired_at is null`.execute(db);
    await sql`create unique index hosts_key on hosts (public_key) where public_key is not null`.execute(db);
    await s
      .createTable('facts')
      .addColumn('host_id', text, (c) => c.notNull().references('hosts.id').onDelete('cascade'))
      .addColumn('section', text, (c) => c.notNull())
      .addColumn('observed_at', big, (c) => c.notNull())
      .addColumn('value', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('facts_pk', ['host_id', 'section'])
      .execute();
    await s
      .createTable('builds')
      .addColumn('host_id', text, (c) => c.notNull().references('hosts.id').onDelete('cascade'))
      .addColumn('commit', text, (c) => c.notNull())
      .addColumn('attribute', text, (c) => c.notNull())
      .addColumn('store_path', 'text', (c) => c.notNull())
      .addColumn('built_at', big, (c) => c.notNull())
      .addPrimaryKeyConstraint('builds_pk', ['host_id', 'commit', 'attribute'])
      .execute();
    await s.createIndex('builds_path').on('builds').columns(['host_id', 'store_path']).execute();

    await s
      .createTable('runs')
      .addColumn('number', engine === 'postgres' ? 'bigserial' : 'integer', (c) =>
        engine === 'postgres' ? c.primaryKey() : c.primaryKey().autoIncrement(),
      )
      .addColumn('id', text, (c) => c.notNull().unique())
      .addColumn('host_id', text, (c) => c.notNull().references('hosts.id').onDelete('cascade'))
      .addColumn('verb', 'text', (c) => c.notNull())
      .addColumn('args', 'text', (c) => c.notNull())
      .addColumn('target_id', text)
      .addColumn('repository', 'text')
      .addColumn('commit', 'text')
      .addColumn('attribute', 'text')
      .addColumn('subject', 'text')
      .addColumn('state', text, (c) => c.notNull())
      .addColumn('live', 'integer', (c) => c.notNull())
      .addColumn('reason', 'text')
      .addColumn('phase', 'text')
      .addColumn('fold', 'text', (c) => c.notNull())
      .addColumn('created_by', 'text', (c) => c.notNull())
      .addColumn('created_at', big, (c) => c.notNull())
      .addColumn('offered_at', big)
      .addColumn('lease_until', big)
      .addColumn('attempt', 'integer', (c) => c.notNull())
      .addColumn('started_at', big)
      .addColumn('finished_at', big)
      .addColumn('expires_at', big, (c) => c.notNull())
      .addColumn('cancel_requested_at', big)
      .addColumn('journal_next', big, (c) => c.notNull())
      .addColumn('output_bytes', big, (c) => c.notNull())
      .addColumn('dropped_bytes', big, (c) => c.notNull())
      .addColumn('tail_from', big)
      .execute();
    await s.createIndex('runs_host').on('runs').columns(['host_id', 'number']).execute();
    await s.createIndex('runs_state').on('runs').columns(['state', 'number']).execute();
    await s.createIndex('runs_verb').on('runs').columns(['verb', 'number']).execute();
    await sql`create index runs_live on runs (host_id, number) where live = 1`.execute(db);
    await sql`create index runs_ended on runs (finished_at) where live = 0`.execute(db);
    await sql`create index runs_alive on runs (number) where live = 1`.execute(db);
    await sql`create index runs_expiry on runs (expires_at) where live = 1`.execute(db);
    await s
      .createTable('journal')
      .addColumn('run_id', text, (c) => c.notNull().references('runs.id').onDelete('cascade'))
      .addColumn('seq', 'integer', (c) => c.notNull())
      .addColumn('at', big, (c) => c.notNull())
      .addColumn('kind', 'text', (c) => c.notNull())
      .addColumn('body', 'text', (c) => c.notNull())
      .addColumn('bytes', 'integer', (c) => c.notNull())
      .addPrimaryKeyConstraint('journal_pk', ['run_id', 'seq'])
      .execute();

    await s
      .createTable('sessions')
      .addColumn('hash', text, (c) => c.primaryKey())
      .addColumn('actor', 'text', (c) => c.notNull())
      .addColumn('csrf', 'text', (c) => c.notNull())
      .addColumn('created_at', big, (c) => c.notNull())
      .addColumn('expires_at', big, (c) => c.notNull())
      .execute();
    await s
      .createTable('api_tokens')
      .addColumn('id', text, (c) => c.primaryKey())
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('hash', text, (c) => c.notNull().unique())
      .addColumn('created_at', big, (c) => c.notNull())
      .addColumn('expires_at', big)
      .addColumn('last_used_at', big)
      .execute();
    await s
      .createTable('agent_tokens')
      .addColumn('id', text, (c) => c.primaryKey())
      .addColumn('host_id', text, (c) => c.notNull().references('hosts.id').onDelete('cascade'))
      .addColumn('hash', text, (c) => c.notNull().unique())
      .addColumn('created_at', big, (c) => c.notNull())
      .addColumn('used_at', big)
      .addColumn('origin', 'text', (c) => c.notNull())
      .addColumn('next_of', text)
      .addColumn('rotating', 'integer', (c) => c.notNull())
      .addColumn('revoked_at', big)
      .execute();
    await s.createIndex('agent_tokens_host').on('agent_tokens').column('host_id').execute();
    await s
      .createTable('nonces')
      .addColumn('nonce', text, (c) => c.primaryKey())
      .addColumn('seen_at', big, (c) => c.notNull())
      .execute();
    await s
      .createTable('events')
      .addColumn('id', engine === 'postgres' ? 'bigserial' : 'integer', (c) =>
        engine === 'postgres' ? c.primaryKey() : c.primaryKey().autoIncrement(),
      )
      .addColumn('at', big, (c) => c.notNull())
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('host_id', 'text')
      .addColumn('run_id', 'text')
      .addColumn('body', 'text', (c) => c.notNull())
      .execute();
    await s.createIndex('events_at').on('events').column('at').execute();
  },
});
