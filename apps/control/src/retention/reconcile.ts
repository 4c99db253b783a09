// Takes away what is older than it is kept for: runs with their journals, events, sessions, nonces.
import { type Reconciler, reconciler } from '@nixfleet/kit/reconciler.ts';
import type { Context } from '../context.ts';
import { deleteEndedSessions, deleteOldEvents, deleteOldNonces, deleteOldRuns } from './store.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** An enrolment is refused a second time for this long. A replay needs the bootstrap token of that time as well. */
const NONCES_DAYS = 365;

export const retentionReconciler = (ctx: Context): Reconciler =>
  reconciler({
    name: 'retention',
    everyMs: HOUR,
    now: ctx.now,
    onError: (err) => ctx.log.warn({ err }, 'could not take away what is old'),
    run: (signal) => applyRetention(ctx, signal),
  });

export async function applyRetention(ctx: Context, signal: AbortSignal): Promise<void> {
  const now = ctx.now();
  const { keepRunsDays, keepEventsDays } = ctx.config;
  while (!signal.aborted && (await deleteOldRuns(ctx.db, now - keepRunsDays * DAY)) > 0);
  await deleteOldEvents(ctx.db, now - keepEventsDays * DAY);
  await deleteEndedSessions(ctx.db, now);
  await deleteOldNonces(ctx.db, now - NONCES_DAYS * DAY);
}
