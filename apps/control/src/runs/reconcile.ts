// Ends queued runs that nobody took in time. Leases need no work here: they are decided when a host checks in.
import { type Reconciler, reconciler } from '@nixfleet/kit/reconciler.ts';
import type { Context } from '../context.ts';
import { expireRuns } from './service.ts';

const EVERY_MS = 5000;

export const runReconciler = (ctx: Context): Reconciler =>
  reconciler({
    name: 'runs',
    everyMs: EVERY_MS,
    now: ctx.now,
    run: async (signal) => {
      while (!signal.aborted && (await expireRuns(ctx)));
    },
    onError: (err, name) => ctx.log.error({ err, reconciler: name }, 'reconciler failed; it tries again'),
  });
