// What every step of a run is given, and what the steps find out for those after them.
import { basename, dirname } from 'node:path';
import type { Order } from '@nixfleet/contract/agent.ts';
import type { TestSummary } from '@nixfleet/contract/journal.ts';
import type { Phase } from '@nixfleet/contract/verbs.ts';
import { isErrno } from '@nixfleet/kit/atomic-file.ts';
import type { AgentConfig } from '../config.ts';
import { type Journal, openJournal } from '../journal/writer.ts';
import { type Places, placesOf } from '../platforms/table.ts';
import { OrderDocument, readDocument } from '../state/documents.ts';
import { type RunFolder, runFolder, type StateFolder, stateFolder } from '../state/folder.ts';
import type { ExecutorHost } from './context.ts';
import type { Checkout } from './phases/checkout.ts';
import type { Intent } from './rules.ts';
import { type Stops, watchStops } from './stops.ts';

export type Found = {
  /** The closure this run deploys, once it is built or chosen. */
  to?: string;
  /** The commit it was built from, where the run built it. */
  commit?: string;
  /** Its files, laid out for this run. */
  checkout?: Checkout;
  /** Units that had failed before anything changed. */
  failedBefore: readonly string[];
  /** Units the activation named. */
  named: readonly string[];
  /** Set and on disk before the host changes. */
  intent?: Intent;
  /** What was seen running before the way back began. */
  seenRunning?: string | null;
  tests: TestSummary | null;
};

export type Run = {
  readonly order: Order;
  readonly config: AgentConfig;
  readonly state: StateFolder;
  readonly folder: RunFolder;
  readonly places: Places;
  readonly host: ExecutorHost;
  readonly journal: Journal;
  readonly stops: Stops;
  readonly found: Found;
};

/** How a step ended. `stop`: nothing has changed on the host. `back`: the host has changed and goes back. */
export type Verdict =
  | { is: 'done'; reason?: string }
  | { is: 'skipped'; reason: string }
  | { is: 'stop'; outcome: 'failed' | 'refused'; reason: string }
  | { is: 'back'; reason: string }
  /** The target runs and is confirmed, but its last step did not work. */
  | { is: 'unfinished'; reason: string };

export type Step = (run: Run) => Promise<Verdict>;

export const done = (reason?: string): Verdict => (reason === undefined ? { is: 'done' } : { is: 'done', reason });
export const skipped = (reason: string): Verdict => ({ is: 'skipped', reason });
export const fail = (reason: string): Verdict => ({ is: 'stop', outcome: 'failed', reason });
export const refuse = (reason: string): Verdict => ({ is: 'stop', outcome: 'refused', reason });

/** A step whose host may have changed: back if it has, else just failed. */
export const failOrBack = (run: Run, reason: string): Verdict =>
  run.found.intent ? { is: 'back', reason } : fail(reason);

/** Thrown where a step relies on what an earlier one must have found: a fault of ours, never of the host. */
export function needed<T>(value: T | null | undefined, what: string): T {
  if (value === undefined || value === null) throw new Error(`${what} is not known in this step`);
  return value;
}

/** Opens the folder of a run. The caller has claimed it. */
export function openRun(runDir: string, host: ExecutorHost, options: { committed: boolean }): Run {
  const state = stateFolder(dirname(dirname(runDir)));
  const folder = runFolder(state, basename(runDir));
  const document = readDocument(folder.order, OrderDocument);
  if (!document) throw new Error(`${folder.order} cannot be read: nobody says what this run shall do`);
  const { order, config } = document;
  const journal = openJournal({ path: folder.journal, reserve: folder.reserve, now: host.now });
  const stops = watchStops({
    cancelFile: folder.cancel,
    hardMs: order.hardMs,
    committed: options.committed,
    onLate: () => journal.append({ kind: 'warned', reason: 'cannot cancel any more: the host is being changed' }),
  });
  return {
    order,
    config,
    state,
    folder,
    places: placesOf(config, host.env['HOME']),
    host,
    journal,
    stops,
    found: { failedBefore: [], named: [], tests: null },
  };
}

/** Writes what only later runs need. A disk that has no room for it does not change how this run ends. */
export function keepForLater(run: Run, write: () => void): void {
  try {
    run.journal.withReserve(write);
  } catch (error) {
    if (!isErrno(error, 'ENOSPC', 'EDQUOT')) throw error;
    run.journal.append({ kind: 'warned', reason: `not kept for later runs: ${error.message}` });
  }
}

export function closeRun(run: Run): void {
  run.stops.close();
  run.journal.close();
}

/** A phase: what it does, and what must be on disk before it is said to have started. */
export type PhaseSteps = { before?: Step; step: Step };

/** Runs a step as a phase of the journal: when it began, how it ended and how long it took. `isOpen`: its start is there. */
export async function inPhase(run: Run, phase: Phase, { before, step }: PhaseSteps, isOpen: boolean): Promise<Verdict> {
  const began = run.host.monotonic();
  const prepared = before ? await attempt(run, before) : done();
  if (!isOpen) run.journal.append({ kind: 'phase_started', phase });
  const verdict = prepared.is === 'done' ? await attempt(run, step) : prepared;
  const status = verdict.is === 'done' || verdict.is === 'skipped' ? verdict.is : 'failed';
  endPhase(run, phase, status, began, verdict.reason);
  return verdict;
}

export function endPhase(
  run: Run,
  phase: Phase,
  status: 'done' | 'skipped' | 'failed',
  began: number,
  reason?: string,
): void {
  const durationMs = Math.max(0, Math.round(run.host.monotonic() - began));
  const why = reason === undefined ? {} : { reason: reason.slice(0, 4000) };
  run.journal.append({ kind: 'phase_ended', phase, status, durationMs, ...why });
}

/** What a step throws is its failure; the run goes on to an honest end. */
async function attempt(run: Run, step: Step): Promise<Verdict> {
  try {
    return await step(run);
  } catch (error) {
    return failOrBack(run, error instanceof Error ? error.message : String(error));
  }
}
