// Ends all runs of a host that leaves: those that wait are cancelled, one that runs can never tell its outcome.
import type { Context } from '../../context.ts';
import type { Tx } from '../../db/database.ts';
import { lostOutcome } from '../rules.ts';
import { endRun } from '../service.ts';
import { listLive, toLive } from '../store.ts';

/** Call inside `transact`. `why` begins the reason: “its host was retired”. */
export async function endRunsOf(ctx: Context, tx: Tx, hostId: string, why: string): Promise<void> {
  for (const run of await listLive(tx, [hostId])) {
    if (run.state === 'queued')
      await endRun(ctx, tx, run, { outcome: 'cancelled', cause: 'retire', reason: `${why} before it was handed over` });
    else await endRun(ctx, tx, run, { cause: 'retire', ...lostOutcome(toLive(run), why) });
  }
}
