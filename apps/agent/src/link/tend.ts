// Keeps every held run going: starts the executor that is due, ships what it wrote, confirms, puts away. Repeatable and
// without memory that matters, so it does the same after any crash.
import { existsSync, type FSWatcher, watch } from 'node:fs';
import { isProblem } from '@nixfleet/contract/problem.ts';
import { pause } from '@nixfleet/kit/backoff.ts';
import { type Reconciler, reconciler } from '@nixfleet/kit/reconciler.ts';
import { startExecutor } from '../executor/start.ts';
import type { Bell } from './bell.ts';
import { confirm } from './confirm.ts';
import type { Link } from './context.ts';
import { type Held, look, refreshHeld, sightOf } from './held.ts';
import { nextStep } from './next-step.ts';
import { putAway } from './put-away.ts';
import { ship } from './ship.ts';

const EVERY_MS = 2000;
/** Journal lines come in bursts; one look takes them all. */
const BURST_MS = 15;

export type Tending = {
  /** What the control plane is told of. */
  held: () => { id: string; next: number }[];
  runOf: (id: string) => Held | undefined;
  reconciler: Reconciler;
  stop: () => Promise<void>;
};

export type Asks = {
  linkUp: Bell;
  /** Something must be said to the control plane at once. */
  speak: () => void;
  /** The token was refused. */
  refused: () => void;
};

export function tendRuns(link: Link, asks: Asks): Tending {
  const held = new Map<string, Held>();
  const settled = new Set<string>();
  const watchers = new Map<string, FSWatcher>();
  const tasks = new Map<string, Promise<void>>();

  /** At most one task of each kind for each run; what it throws is a fault of ours or of the disk, and is tried again. */
  const keep = (kind: string, run: Held, work: () => Promise<void>): void => {
    const name = `${kind} ${run.id}`;
    if (tasks.has(name)) return;
    const task = work()
      .catch((error: unknown) => {
        complainOnce(link, run, `could not ${kind}`, error);
        return pause(EVERY_MS, link.stop);
      })
      .finally(() => {
        tasks.delete(name);
        void loop.activate();
      });
    tasks.set(name, task);
  };

  const follow = (run: Held): void => {
    if (watchers.has(run.id)) return;
    let timer: NodeJS.Timeout | undefined;
    const soon = (): void => {
      timer ??= setTimeout(() => {
        timer = undefined;
        const before = run.tail.ended;
        if (lookAt(run) && (run.tail.awaitsConfirm || run.tail.ended !== before)) void loop.activate();
      }, BURST_MS);
    };
    try {
      const watcher = watch(run.folder.root, { persistent: false }, soon);
      watcher.on('error', () => watcher.close());
      watchers.set(run.id, watcher);
    } catch {
      // No watches left on this host: the look every second has to do.
    }
  };

  const lookAt = (run: Held): boolean => {
    const ended = run.tail.ended;
    try {
      const grew = look(run);
      if (!ended && run.tail.ended) asks.speak();
      return grew;
    } catch (error) {
      complainOnce(link, run, 'the journal cannot be read', error);
      return false;
    }
  };

  const step = async (): Promise<void> => {
    const due = nextStep([...held.values()].map((run) => sightOf(run, link.monotonic())));
    const run = due && held.get(due.id);
    if (!due || !run || link.stop.aborted) return;
    run.askedAt = link.monotonic();
    run.askedFor = due.mode;
    link.log.info({ run: run.id, mode: due.mode }, 'starting an executor');
    await startExecutor(link.config, run.id, due.mode, link.program);
  };

  const tend = async (): Promise<void> => {
    refreshHeld(link.state, held, settled);
    for (const [id, watcher] of watchers)
      if (!held.has(id)) {
        watcher.close();
        watchers.delete(id);
      }
    for (const run of held.values()) {
      follow(run);
      lookAt(run);
      keep('ship', run, () => ship({ link, run, look: () => lookAt(run), ...asks }));
      if (run.tail.awaitsConfirm && !existsSync(run.folder.confirm))
        keep('confirm', run, () => confirm(link, run, asks.refused));
    }
    await step();
    putAway(link.state, settled, link.now());
  };

  const loop = reconciler({
    name: 'runs',
    everyMs: EVERY_MS,
    run: tend,
    now: link.now,
    onError: (error) => link.log.error({ err: error }, 'runs could not be tended; trying again'),
  });

  return {
    held: () => [...held.values()].map((run) => ({ id: run.id, next: run.tail.next })),
    runOf: (id) => held.get(id),
    reconciler: loop,
    async stop() {
      for (const watcher of watchers.values()) watcher.close();
      await loop.stop();
      await Promise.allSettled(tasks.values());
    },
  };
}

function complainOnce(link: Link, run: Held, what: string, error: unknown): void {
  const text = `${what}: ${error instanceof Error ? error.message : String(error)}`;
  if (run.complaint === text) return;
  run.complaint = text;
  const fields = { run: run.id, err: error };
  if (isProblem(error)) link.log.warn(fields, what);
  else link.log.error(fields, what);
}
