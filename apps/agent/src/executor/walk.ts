// The phases of every verb as one table, and the walk through them: forward as long as all goes well, otherwise to the
// one honest end that fits what has happened to the host by then.
import { type Phase, phasesOf } from '@nixfleet/contract/verbs.ts';
import { activate, intend, observeTarget } from './phases/activate.ts';
import { build } from './phases/build.ts';
import { rememberDeployed } from './conclude.ts';
import { awaitConfirmation } from './phases/confirm.ts';
import { diff } from './phases/diff.ts';
import { fetchCommit } from './phases/fetch.ts';
import { restartAgent } from './phases/restart.ts';
import { restore } from './phases/restore.ts';
import type { Ending } from './rules.ts';
import { done, fail, inPhase, needed, type PhaseSteps, type Run, type Step, type Verdict } from './run.ts';
import { observe } from './sight.ts';
import { runTests, wantsTests } from './phases/tests.ts';
import { verifyCommit } from './phases/verify.ts';

/** `restore` is no step forward: it is entered when one of these failed. */
type Forward = Exclude<Phase, 'restore'>;

const steps: Record<Forward, PhaseSteps> = {
  fetch: { step: fetchCommit },
  verify: { step: verifyCommit },
  build: { step: build },
  diff: { step: diff },
  activate: { before: intend, step: activate },
  observe: { step: observeTarget },
  test: { step: runTests },
  confirm: { step: awaitConfirmation },
  restart: { before: (run) => commitToRestart(run), step: restartAgent },
};

export type End = Ending & { phase: Phase | null };

/** Walks the verb's phases; a recovery takes up at `resume`, whose phase may be open in the journal. */
export async function walk(run: Run, resume?: { at: Forward; open: boolean }): Promise<End> {
  const all = phasesOf[run.order.verb].filter(
    (phase): phase is Forward => phase !== 'restore' && (phase !== 'test' || wantsTests(run)),
  );
  const ahead = resume ? all.slice(all.indexOf(resume.at)) : all;
  for (const [i, phase] of ahead.entries()) {
    const verdict = await inPhase(run, phase, steps[phase], i === 0 && resume?.open === true);
    const end = await endAfter(run, phase, verdict, i === ahead.length - 1);
    if (end) return end;
    if (phase === 'confirm') rememberDeployed(run);
  }
  return { outcome: 'succeeded', reason: goal(run), phase: null };
}

/** How the run ends after a phase, undefined when it goes on. */
async function endAfter(run: Run, phase: Phase, verdict: Verdict, isLast: boolean): Promise<End | undefined> {
  const { why, committed } = run.stops;
  const went = verdict.is === 'done' || verdict.is === 'skipped';
  if (why !== undefined && !committed && !(went && isLast)) return { outcome: why, reason: stopped(run, phase), phase };
  switch (verdict.is) {
    case 'done':
    case 'skipped':
      return undefined;
    case 'stop':
      return { outcome: verdict.outcome, reason: verdict.reason, phase };
    case 'unfinished':
      return { outcome: 'half_activated', reason: `the new system runs, but ${verdict.reason}`, phase };
    case 'back':
      return { ...(await takeBack(run, phase, verdict.reason)), phase };
    default:
      return verdict satisfies never;
  }
}

async function takeBack(run: Run, phase: Phase, fault: string): Promise<Ending> {
  const intent = needed(run.found.intent, 'the way back');
  // Written down before the way back begins: afterwards nobody could tell whether the new system ever ran.
  if (run.found.seenRunning === undefined) run.found.seenRunning = (await observe(run, () => false)).running;
  const reason = run.stops.why === 'timed_out' ? `${fault}; ${stopped(run, phase)}` : fault;
  return restore(run, intent, { reason, ran: run.found.seenRunning !== intent.from, blame: true });
}

function stopped(run: Run, phase: Phase): string {
  return run.stops.why === 'timed_out'
    ? `the hard deadline of ${run.order.hardMs / 1000} s passed in ${phase}`
    : `an operator cancelled it in ${phase}`;
}

function goal(run: Run): string {
  const { verb, target } = run.order;
  const { to, tests } = run.found;
  switch (verb) {
    case 'pull':
      return `commit ${target?.commit} is here, verified`;
    case 'plan':
      return `${to} is built; nothing was changed`;
    case 'test':
      return tests === null || tests.total === 0 ? 'no tests found' : `${tests.passed}/${tests.total} pass`;
    case 'restart':
      return 'another agent process is alive';
    case 'switch':
    case 'pull-switch':
    case 'update':
    case 'rollback':
      return `${to} runs`;
    default:
      return verb satisfies never;
  }
}

/** From here on a cancel comes too late: the agent is about to be replaced. */
const commitToRestart: Step = (run) => Promise.resolve(run.stops.commit() ? done() : fail('stopped'));
