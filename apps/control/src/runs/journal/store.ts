// The table of journals and its SQL: entries by run and seq, and the middle of a long output taken out.
import { JournalEntry } from '@nixfleet/contract/journal.ts';
import type { Db, Row, Tx } from '../../db/database.ts';

const toEntry = (r: Pick<Row<'journal'>, 'seq' | 'at' | 'kind' | 'body'>): JournalEntry =>
  JournalEntry.parse({ ...(JSON.parse(r.body) as object), seq: r.seq, at: r.at, kind: r.kind });

export const outputBytes = (e: JournalEntry): number => (e.kind === 'output' ? Buffer.byteLength(e.text) + 1 : 0);

const ROWS = 200;

export async function insertEntries(tx: Tx, runId: string, entries: readonly JournalEntry[]): Promise<void> {
  for (let from = 0; from < entries.length; from += ROWS) {
    const rows = entries.slice(from, from + ROWS).map((entry) => {
      const { seq, at, kind, ...body } = entry;
      return { run_id: runId, seq, at, kind, body: JSON.stringify(body), bytes: outputBytes(entry) };
    });
    await tx.insertInto('journal').values(rows).execute();
  }
}

/** Entries after `after`, in order. */
export async function listEntries(db: Db, runId: string, after: number, limit: number): Promise<JournalEntry[]> {
  const rows = await db
    .selectFrom('journal')
    .select(['seq', 'at', 'kind', 'body'])
    .where('run_id', '=', runId)
    .where('seq', '>', after)
    .orderBy('seq')
    .limit(limit)
    .execute();
  return rows.map(toEntry);
}

export async function listOutput(db: Db, runId: string, after: number, limit: number): Promise<JournalEntry[]> {
  const rows = await db
    .selectFrom('journal')
    .select(['seq', 'at', 'kind', 'body'])
    .where('run_id', '=', runId)
    .where('kind', 'in', ['output', 'gap'])
    .where('seq', '>', after)
    .orderBy('seq')
    .limit(limit)
    .execute();
  return rows.map(toEntry);
}

/** Sizes of output from `from` on, oldest first: what may be taken out. A gap counts as nothing kept. */
export async function listOutputSizes(
  tx: Tx,
  runId: string,
  from: number,
  limit: number,
): Promise<{ seq: number; bytes: number; droppedBytes: number }[]> {
  const rows = await tx
    .selectFrom('journal')
    .select(['seq', 'kind', 'bytes', 'body'])
    .where('run_id', '=', runId)
    .where('seq', '>=', from)
    .where('kind', 'in', ['output', 'gap'])
    .orderBy('seq')
    .limit(limit)
    .execute();
  return rows.map(({ seq, kind, bytes, body }) => ({
    seq,
    bytes,
    droppedBytes: kind === 'gap' ? (JSON.parse(body) as { droppedBytes: number }).droppedBytes : 0,
  }));
}

/** Takes output entries out of a stretch and leaves one gap where they began. */
export async function replaceByGap(
  tx: Tx,
  runId: string,
  stretch: { from: number; to: number; body: string },
): Promise<void> {
  const { from, to, body } = stretch;
  await tx
    .updateTable('journal')
    .set({ kind: 'gap', body, bytes: 0 })
    .where('run_id', '=', runId)
    .where('seq', '=', from)
    .execute();
  await tx
    .deleteFrom('journal')
    .where('run_id', '=', runId)
    .where('seq', '>', from)
    .where('seq', '<=', to)
    .where('kind', 'in', ['output', 'gap'])
    .execute();
}
