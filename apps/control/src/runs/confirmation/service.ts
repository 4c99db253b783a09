// The host asks, from its changed system, whether the deployment may stay. Being able to ask is most of the answer.
import { Problem } from '@nixfleet/contract/problem.ts';
import type { Context } from '../../context.ts';
import { heard } from '../../hosts/heartbeats/service.ts';
import { isLive } from '../rules.ts';
import { findRun } from '../store.ts';

/** Resolves when it may stay. */
export async function confirmRun(ctx: Context, hostId: string, runId: string): Promise<void> {
  heard(ctx, hostId);
  const run = await findRun(ctx.db, runId);
  if (!run || run.hostId !== hostId) throw new Problem('run_not_found', `There is no run ${runId} of this host`);
  if (!isLive(run.state) || run.fold.result)
    throw new Problem('confirm_refused', `The run has ended here: ${run.state}`);
  if (run.cancelRequestedAt !== null) throw new Problem('confirm_refused', 'The run was cancelled');
}
