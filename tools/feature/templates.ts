// The files of a new slice, written for a feature called notes; `render` puts the feature's own name in.

export type Feature = { plural: string; singular: string; migration: string };

const capital = (word: string): string => `${word.charAt(0).toUpperCase()}${word.slice(1)}`;

/** The template's words in the feature's name: notes, Notes, note, Note. */
export const render = (template: string, { plural, singular, migration }: Feature): string =>
  template
    .replaceAll('0000-notes', migration)
    .replaceAll('Notes', capital(plural))
    .replaceAll('notes', plural)
    .replaceAll('Note', capital(singular))
    .replaceAll('note', singular);

export const files: Record<string, string> = {
  'packages/contract/src/notes.ts': `// Notes: what a note is, and what may be asked about them. Say here what it is for.
import * as z from 'zod';
import { Millis } from './names.ts';

export const NoteId = z.string().regex(/^note_[0-9a-f-]{36}$/, { message: 'expected an id like note_019…' });

export const Note = z.object({ id: NoteId, text: z.string(), createdAt: Millis });
export type Note = z.infer<typeof Note>;

export const CreateNote = z.strictObject({ text: z.string().min(1).max(1000) });
export type CreateNote = z.infer<typeof CreateNote>;

export const NoteList = z.object({ notes: z.array(Note) });
`,
  'apps/control/src/notes/tables.ts': `// Notes, as rows.

export type NoteTables = {
  notes: { id: string; text: string; created_at: number };
};
`,
  'apps/control/src/notes/rules.ts': `// Decisions about notes, and the reason for each.
import type { Note } from '@nixfleet/contract/notes.ts';

/** Why this may not be one more note beside those there are; undefined when it may. */
export const whyNotCreate = (text: string, known: readonly Pick<Note, 'text'>[]): string | undefined =>
  known.some((note) => note.text === text) ? 'There is one that says the same' : undefined;
`,
  'apps/control/src/notes/rules.test.ts': `// Which notes may be made.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whyNotCreate } from './rules.ts';

test('one that says something new may be made', () => {
  assert.equal(whyNotCreate('b', [{ text: 'a' }]), undefined);
});

test('one that says the same as another may not, and the reason is given', () => {
  assert.match(whyNotCreate('a', [{ text: 'a' }]) ?? '', /says the same/);
});
`,
  'apps/control/src/notes/store.ts': `// The table of notes and its SQL; rows stop here.
import type { Note } from '@nixfleet/contract/notes.ts';
import type { Db, Row, Tx } from '../db/database.ts';

export async function insertNote(tx: Tx, note: Note): Promise<void> {
  await tx.insertInto('notes').values({ id: note.id, text: note.text, created_at: note.createdAt }).execute();
}

/** Oldest first. */
export async function listNotes(db: Db): Promise<Note[]> {
  return (await db.selectFrom('notes').selectAll().orderBy('id').execute()).map(toNote);
}

const toNote = (row: Row<'notes'>): Note => ({ id: row.id, text: row.text, createdAt: row.created_at });
`,
  'apps/control/src/notes/service.ts': `// What can be done with notes.
import type { CreateNote, Note } from '@nixfleet/contract/notes.ts';
import { Problem } from '@nixfleet/contract/problem.ts';
import { type Context, transact } from '../context.ts';
import { whyNotCreate } from './rules.ts';
import { insertNote, listNotes } from './store.ts';

export const getNotes = (ctx: Context): Promise<Note[]> => listNotes(ctx.db);

export function createNote(ctx: Context, { text }: CreateNote): Promise<Note> {
  return transact(ctx, async (tx) => {
    const reason = whyNotCreate(text, await listNotes(tx));
    if (reason !== undefined) throw new Problem('bad_request', reason);
    const note = { id: ctx.newId('note'), text, createdAt: ctx.now() };
    await insertNote(tx, note);
    return note;
  });
}
`,
  'apps/control/src/notes/routes.ts': `// Notes over HTTP.
import { CreateNote, Note, NoteList } from '@nixfleet/contract/notes.ts';
import type { Routes } from '../http/app-type.ts';
import { createNote, getNotes } from './service.ts';

export const noteRoutes: Routes = (ctx) => (app) => {
  app.get(
    '/api/notes',
    {
      config: { access: 'operator' },
      schema: { summary: 'List notes', tags: ['notes'], response: { 200: NoteList } },
    },
    async () => ({ notes: await getNotes(ctx) }),
  );

  app.post(
    '/api/notes',
    {
      config: { access: 'operator' },
      schema: { summary: 'Make a note', tags: ['notes'], body: CreateNote, response: { 201: Note } },
    },
    async (request, reply) => reply.code(201).send(await createNote(ctx, request.body)),
  );
};
`,
  'apps/control/src/notes/routes.test.ts': `// Notes as an operator's client sees them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Note, NoteList } from '@nixfleet/contract/notes.ts';
import { makeWorld } from '../testing/world.ts';

test('a note is made once and listed', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  const made = await operator.post('/api/notes', { text: 'one' });
  assert.equal(made.status, 201);
  assert.equal((await operator.post('/api/notes', { text: 'one' })).problem().code, 'bad_request');
  assert.deepEqual((await operator.get('/api/notes')).json(NoteList), { notes: [made.json(Note)] });
});

test('a stranger sees none', async (t) => {
  const { stranger } = await makeWorld(t);
  assert.equal((await stranger.get('/api/notes')).status, 401);
});
`,
  'apps/control/src/db/migrations/0000-notes.ts': `// Notes.
import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

export const notes = (engine: 'sqlite' | 'postgres'): Migration => ({
  async up(db: Kysely<unknown>) {
    const big = engine === 'postgres' ? 'bigint' : 'integer';
    const text = engine === 'postgres' ? sql\`text collate "C"\` : 'text';
    await db.schema
      .createTable('notes')
      .addColumn('id', text, (c) => c.primaryKey())
      .addColumn('text', 'text', (c) => c.notNull())
      .addColumn('created_at', big, (c) => c.notNull())
      .execute();
  },
});
`,
};

export type ListEdit = { path: string; import: string; list: RegExp; grown: string };

/** The lists that grow with features: where each ends, and the line it grows by. \`$1\` is what it held. */
export const listEdits: readonly ListEdit[] = [
  {
    path: 'apps/control/src/app.ts',
    import: "import { noteRoutes } from './notes/routes.ts';",
    list: /const routes: Routes\[\] = \[([\s\S]*?),?\s*\];/,
    grown: 'const routes: Routes[] = [$1, noteRoutes];',
  },
  {
    path: 'apps/control/src/db/database.ts',
    import: "import type { NoteTables } from '../notes/tables.ts';",
    list: /export type Tables = ([^;]+);/,
    grown: 'export type Tables = $1 & NoteTables;',
  },
  {
    path: 'apps/control/src/db/migrations/index.ts',
    import: "import { notes } from './0000-notes.ts';",
    list: /(Record<string, Migration> => \(\{[\s\S]*?)\n\}\);/,
    grown: "$1\n  '0000-notes': notes(engine),\n});",
  },
];
