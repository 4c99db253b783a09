// Writes heartbeats once a second, and notices hosts that fell silent.
import { type Reconciler, reconciler } from '@nixfleet/kit/reconciler.ts';
import type { Context } from '../context.ts';
import { flushHeartbeats, HELD_EVERY_MS } from './heartbeats/service.ts';

const EVERY_MS = 1000;

export function hostReconciler(ctx: Context): Reconciler {
  let turn = 0;
  return reconciler({
    name: 'hosts',
    everyMs: EVERY_MS,
    now: ctx.now,
    run: async () => {
      turn = (turn + 1) % (HELD_EVERY_MS / EVERY_MS);
      await flushHeartbeats(ctx, { held: turn === 0 });
    },
    onError: (err, name) => ctx.log.error({ err, reconciler: name }, 'reconciler failed; it tries again'),
  });
}
