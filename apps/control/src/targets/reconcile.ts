// Keeps one fetcher per target, and in each of them the mirror, the newest commits and the last error up to date. One
// reconciler each, so that a repository that hangs keeps no other one waiting.
import type { TargetCommit } from '@nixfleet/contract/targets.ts';
import { type Reconciler, reconciler } from '@nixfleet/kit/reconciler.ts';
import { type Context, transact } from '../context.ts';
import { record } from '../events/service.ts';
import { FetchFailed, fetchBranch, readCommits, type Source } from './mirror.ts';
import { fetcherName } from './rules.ts';
import { ensureConfigured } from './service.ts';
import { findTargetRow, listTargetRows, saveCommits, saveError, touchTarget } from './store.ts';

const LOOK_EVERY_MS = 5000;

export function targetsReconciler(ctx: Context): Reconciler {
  const fetchers = new Map<string, Reconciler>();
  let configured = false;
  const warn = (err: unknown, name: string): void => ctx.log.warn({ err, reconciler: name }, 'reconciler failed');
  const drop = async (id: string, fetcher: Reconciler): Promise<void> => {
    fetchers.delete(id);
    const place = ctx.reconcilers.indexOf(fetcher);
    if (place !== -1) ctx.reconcilers.splice(place, 1);
    await fetcher.stop();
  };
  const parent = reconciler({
    name: 'targets',
    everyMs: LOOK_EVERY_MS,
    now: ctx.now,
    onError: warn,
    async run() {
      if (!configured) await ensureConfigured(ctx);
      configured = true;
      const rows = await listTargetRows(ctx.db);
      for (const [id, fetcher] of fetchers) if (!rows.some((r) => r.id === id)) await drop(id, fetcher);
      for (const { id, name } of rows) {
        if (fetchers.has(id)) continue;
        const fetcher = fetcherOf(ctx, id, name, warn);
        fetchers.set(id, fetcher);
        ctx.reconcilers.push(fetcher);
      }
    },
  });
  return parent;
}

function fetcherOf(ctx: Context, id: string, name: string, onError: (e: unknown, name: string) => void): Reconciler {
  // Who signed a commit may be judged anew with every start: the allowed signers may have changed.
  let judged = false;
  return reconciler({
    name: fetcherName(name),
    everyMs: ctx.config.fetchEveryMs,
    now: ctx.now,
    onError,
    async run(signal) {
      const row = await findTargetRow(ctx.db, id);
      if (!row) return;
      await fetchTarget(ctx, row, { known: judged ? row.head : null, signal });
      judged = true;
    },
  });
}

/** One fetch: success clears the error, failure keeps what is known and says why it may be old. */
async function fetchTarget(
  ctx: Context,
  source: Source & { name: string; error: string | null; head: string | null },
  { known, signal }: { known: string | null; signal: AbortSignal },
): Promise<void> {
  try {
    const head = await fetchBranch(ctx, source, signal);
    if (head === known) await touch(ctx, source);
    else await saveHead(ctx, source, await readCommits(ctx, source));
  } catch (error) {
    if (signal.aborted || !(error instanceof FetchFailed)) throw error;
    if (error.message === source.error) return;
    await transact(ctx, async (tx) => {
      await saveError(tx, source.id, error.message);
      await record(ctx, tx, changed(source, source.head));
    });
  }
}

async function touch(ctx: Context, source: Source & { name: string; error: string | null; head: string | null }) {
  if (source.error === null) return touchTarget(ctx.db, source.id, ctx.now());
  return transact(ctx, async (tx) => {
    await touchTarget(tx, source.id, ctx.now());
    await record(ctx, tx, changed(source, source.head));
  });
}

async function saveHead(
  ctx: Context,
  source: Source & { name: string; error: string | null; head: string | null },
  commits: TargetCommit[],
): Promise<void> {
  const head = commits[0]?.commit ?? null;
  await transact(ctx, async (tx) => {
    const row = await findTargetRow(tx, source.id);
    // Removed, or moved to another repository, while this fetch ran: its result is about something else.
    if (!row || row.url !== source.url || row.branch !== source.branch) return;
    await saveCommits(tx, source.id, commits, ctx.now());
    if (head !== row.head || row.error !== null) await record(ctx, tx, changed(source, head));
  });
}

const changed = (source: { id: string; name: string }, head: string | null) =>
  ({ name: 'target_changed', body: { target_id: source.id, name: source.name, head } }) as const;
