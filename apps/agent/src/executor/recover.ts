// Brings a run to its end whose executor died without a result, from what its journal says and what is seen on the host.
// May itself be killed at any instruction and done again.
import { basename, dirname } from 'node:path';
import type { Phase } from '@nixfleet/contract/verbs.ts';
import { readJournal } from '../journal/reader.ts';
import { runFolder, stateFolder } from '../state/folder.ts';
import { endOrphan } from './child.ts';
import { claimRecovery } from './claim.ts';
import { conclude, rememberDeployed } from './conclude.ts';
import { type ExecutorHost, thisHost } from './context.ts';
import { type End, walk } from './walk.ts';
import { begin } from './execute.ts';
import { DIED, factsOf, type JournalFacts } from './journal-facts.ts';
import { leave } from './leave.ts';
import { type Recovery, recoveryOf } from './recovery-rules.ts';
import { restore } from './phases/restore.ts';
import { runs, type Seen } from './rules.ts';
import { closeRun, endPhase, needed, openRun, type Run } from './run.ts';
import { observe, recallFailedUnits, see } from './sight.ts';

/** Does nothing where the run has a result or a living executor. */
export async function recover(runDir: string, host: ExecutorHost = thisHost()): Promise<void> {
  const folder = runFolder(stateFolder(dirname(dirname(runDir))), basename(runDir));
  const facts = factsOf(readJournal(folder.journal).entries);
  if (facts.ended || !claimRecovery(folder)) return;
  await endOrphan(folder, host.monotonic);
  // Read again: the executor may have written its result before it died.
  await bringToEnd(runDir, host, factsOf(readJournal(folder.journal).entries));
  await leave(host);
}

async function bringToEnd(runDir: string, host: ExecutorHost, facts: JournalFacts): Promise<void> {
  if (facts.ended) return;
  const run = openRun(runDir, host, { committed: facts.intent !== undefined || facts.restarting });
  try {
    if (!facts.begun) begin(run);
    recall(run, facts);
    const seen = await see(run);
    const recovery = recoveryOf(facts, seen);
    const { phase, ...ending } = await act(run, facts, recovery, seen);
    conclude(run, ending, phase);
  } finally {
    closeRun(run);
  }
}

/** What the dead executor had found out. */
function recall(run: Run, facts: JournalFacts): void {
  recallFailedUnits(run);
  if (facts.intent) {
    run.found.intent = facts.intent;
    run.found.to = facts.intent.to;
  } else {
    // The target ran already: it was built, or chosen by a rollback and then seen.
    const to = facts.built ?? facts.observed?.running ?? undefined;
    if (to !== undefined) run.found.to = to;
  }
  if (facts.observed) run.found.seenRunning = facts.observed.running;
  if (facts.commit !== undefined) run.found.commit = facts.commit;
  const failed = facts.tests.filter((t) => t.ok === false).map((t) => t.name);
  if (facts.testsTotal !== null && facts.tests.length === facts.testsTotal)
    run.found.tests = { passed: facts.tests.length - failed.length, total: facts.testsTotal, failed };
}

async function act(run: Run, facts: JournalFacts, recovery: Recovery, seen: Seen): Promise<End> {
  const phase: Phase | null = facts.failure?.phase ?? facts.diedIn;
  switch (recovery.act) {
    case 'nothing':
      throw new Error('a run with a result is not to be recovered');
    case 'interrupt':
      closePhase(run, facts);
      return { outcome: 'interrupted', reason: recovery.reason, phase };
    case 'repair': {
      await noteSight(run, facts);
      const intent = needed(facts.intent, 'the intent');
      const ending = await restore(run, intent, { reason: recovery.reason, ran: false, blame: false });
      return { ...ending, outcome: ending.outcome === 'failed' ? 'interrupted' : ending.outcome, phase };
    }
    case 'go_back': {
      await noteSight(run, facts);
      return { ...(await restore(run, needed(facts.intent, 'the intent'), recovery)), phase };
    }
    case 'confirm':
      return walk(run, { at: 'confirm', open: facts.open === 'confirm' });
    case 'restart':
      return walk(run, { at: 'restart', open: facts.open === 'restart' });
    case 'conclude':
      return concludeConfirmed(run, facts, seen);
    default:
      return recovery satisfies never;
  }
}

/** What was confirmed must still be so; an update has its last phase to go. */
async function concludeConfirmed(run: Run, facts: JournalFacts, seen: Seen): Promise<End> {
  const to = needed(run.found.to, 'the confirmed closure');
  if (!runs(seen, to)) {
    closePhase(run, facts);
    await observe(run, () => false);
    return {
      outcome: 'half_activated',
      reason: `${to} was confirmed, but ${seen.running ?? 'nothing'} runs`,
      phase: 'confirm',
    };
  }
  if (facts.open === 'confirm') endPhase(run, 'confirm', 'done', run.host.monotonic());
  rememberDeployed(run);
  if (run.order.verb === 'update') return walk(run, { at: 'restart', open: facts.open === 'restart' });
  return { outcome: 'succeeded', reason: `${to} runs`, phase: null };
}

/** Closes what is open and writes down what stood when the executor died, before anything is done about it. */
async function noteSight(run: Run, facts: JournalFacts): Promise<void> {
  closePhase(run, facts);
  if (!facts.observed && !facts.restoring) await observe(run, () => false);
}

function closePhase(run: Run, { open }: JournalFacts): void {
  if (open !== null) endPhase(run, open, 'failed', run.host.monotonic(), DIED);
}
