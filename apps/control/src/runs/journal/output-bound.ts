// Keeps a run's output within its bound: the first half and the last half stay, what lies between is taken out and marked
// by one gap.
import type { Phase } from '@nixfleet/contract/verbs.ts';
import type { Context } from '../../context.ts';
import type { Tx } from '../../db/database.ts';
import { listOutputSizes, replaceByGap } from './store.ts';

export type Output = {
  outputBytes: number;
  droppedBytes: number;
  /** The first seq behind the head, once the head is full. */
  tailFrom: number | null;
};

/** Taking out happens in lumps of this part of the bound, so that it costs little a line. */
const SLACK = 16;
const ROWS = 1000;

/** Where the tail begins, if the head became full with these entries. */
export function tailOf(
  output: Output,
  entries: readonly { seq: number; bytes: number }[],
  maxBytes: number,
): number | null {
  if (output.tailFrom !== null) return output.tailFrom;
  let sum = output.outputBytes - output.droppedBytes;
  for (const { seq, bytes } of entries) {
    if (bytes > 0 && sum + bytes > maxBytes / 2) return seq;
    sum += bytes;
  }
  return null;
}

/** The output's figures after what is too much has been taken out. */
export async function boundOutput(ctx: Context, tx: Tx, runId: string, output: Output, phase: Phase): Promise<Output> {
  const max = ctx.config.maxOutputBytes;
  const { tailFrom } = output;
  const excess = output.outputBytes - output.droppedBytes - max;
  if (tailFrom === null || excess <= max / SLACK) return output;
  let freed = 0;
  let marked = 0;
  let first: number | undefined;
  let last = tailFrom - 1;
  for (let more = true; more && freed < excess;) {
    const rows = await listOutputSizes(tx, runId, last + 1, ROWS);
    more = rows.length === ROWS;
    for (const row of rows) {
      if (freed >= excess) break;
      first ??= row.seq;
      last = row.seq;
      freed += row.bytes;
      marked += row.bytes + row.droppedBytes;
    }
  }
  if (first === undefined || freed === 0) return output;
  await replaceByGap(tx, runId, { from: first, to: last, body: JSON.stringify({ phase, droppedBytes: marked }) });
  return { ...output, droppedBytes: output.droppedBytes + freed };
}
