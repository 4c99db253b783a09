// The state of a run as a function of its journal: entries are folded one by one, each exactly once by its seq, so that
// doubled and late deliveries change nothing.
import type { JournalEntry, Outcome, TestSummary } from '@nixfleet/contract/journal.ts';
import type { Progress, RunArgs, RunPhase } from '@nixfleet/contract/runs.ts';
import { changesHost, Phase, phasesOf, type Verb } from '@nixfleet/contract/verbs.ts';

type EnteredPhase = {
  phase: Phase;
  status: 'now' | 'done' | 'failed' | 'skipped';
  startedAt: number;
  durationMs: number | null;
  reason: string | null;
};

export type Fold = {
  /** The next seq to be folded. */
  next: number;
  /** Added to the host's clock it gives ours, as far as the first entry told: for showing times, never for deciding. */
  skewMs: number;
  executor: 'systemd' | 'launchd' | 'detached' | 'legacy' | null;
  phases: EnteredPhase[];
  phase: Phase | null;
  progress: Progress | null;
  tests: TestSummary | null;
  storePath: string | null;
  running: string | null;
  generation: number | null;
  /** See `LiveRun.changed`. */
  changed: boolean;
  result: { outcome: Outcome; reason: string; phase: Phase | null } | null;
};

export const emptyFold = (skewMs = 0): Fold => ({
  next: 0,
  skewMs,
  executor: null,
  phases: [],
  phase: null,
  progress: null,
  tests: null,
  storePath: null,
  running: null,
  generation: null,
  changed: false,
  result: null,
});

/** The state after `entry`. One that is not the next, or that follows the result, leaves it as it is. */
export function fold(state: Fold, entry: JournalEntry): Fold {
  if (entry.seq !== state.next || state.result) return state;
  return { ...state, ...change(state, entry), next: state.next + 1 };
}

export const foldAll = (state: Fold, entries: readonly JournalEntry[]): Fold => entries.reduce(fold, state);

function change(s: Fold, e: JournalEntry): Partial<Fold> {
  switch (e.kind) {
    case 'started':
      return { executor: e.executor };
    case 'phase_started':
      return {
        phase: e.phase,
        progress: null,
        changed: s.changed || changesHost(e.phase),
        phases: enter(s.phases, {
          phase: e.phase,
          status: 'now',
          startedAt: showAt(s, e.at),
          durationMs: null,
          reason: null,
        }),
      };
    case 'phase_ended': {
      const { status, durationMs, reason = null } = e;
      const startedAt = s.phases.find((p) => p.phase === e.phase)?.startedAt ?? showAt(s, e.at - durationMs);
      return {
        phase: s.phase === e.phase ? null : s.phase,
        progress: null,
        phases: enter(s.phases, { phase: e.phase, status, startedAt, durationMs, reason }),
      };
    }
    case 'progress': {
      const { done, expected, running, failed, bytesDone, bytesExpected, current } = e;
      const numbers = { done, expected, running, failed, bytesDone, bytesExpected };
      return { progress: current === undefined ? numbers : { ...numbers, current } };
    }
    case 'built':
      return { storePath: e.storePath };
    case 'diff':
      return { storePath: e.to };
    case 'intent':
      return { storePath: e.to, changed: true };
    case 'observed':
      return { running: e.running, generation: e.generation };
    case 'test':
      return test(s, e);
    case 'result':
      return {
        result: { outcome: e.outcome, reason: e.reason, phase: e.phase },
        phase: null,
        progress: null,
        running: e.running ?? s.running,
        generation: e.generation ?? s.generation,
        tests: e.tests ?? s.tests,
        phases: s.phases.map((p) => (p.status === 'now' ? closed(p, e.outcome, showAt(s, e.at)) : p)),
      };
    case 'output':
    case 'gap':
    case 'verified':
    case 'activated':
    case 'confirming':
    case 'confirmed':
    case 'warned':
      return {};
    default:
      throw new Error(`unknown entry ${JSON.stringify(e satisfies never)}`);
  }
}

/** While tests run, the progress is the script being run, as X of N. */
function test(s: Fold, e: Extract<JournalEntry, { kind: 'test' }>): Partial<Fold> {
  const before = s.tests?.failed ?? [];
  const failed = e.ok === false && !before.includes(e.name) ? [...before, e.name].slice(0, 1000) : before;
  const progress: Progress = {
    done: e.ok === null ? e.index - 1 : e.index,
    expected: e.total,
    running: e.ok === null ? 1 : 0,
    failed: failed.length,
    bytesDone: 0,
    bytesExpected: 0,
    current: e.name,
  };
  return { tests: { passed: e.passed, total: e.total, failed }, progress };
}

const showAt = (s: Fold, at: number): number => Math.max(0, at + s.skewMs);

const enter = (phases: readonly EnteredPhase[], phase: EnteredPhase): EnteredPhase[] => [
  ...phases.filter((p) => p.phase !== phase.phase),
  phase,
];

function closed(p: EnteredPhase, outcome: Outcome, at: number): EnteredPhase {
  const status = outcome === 'succeeded' ? 'done' : 'failed';
  return { ...p, status, durationMs: Math.max(0, at - p.startedAt) };
}

/** All phases of the verb, and those the host entered besides, in the order they happen. */
export function phasesOfRun(f: Fold, verb: Verb, args: RunArgs, live: boolean): RunPhase[] {
  const entered = new Map<Phase, EnteredPhase>(f.phases.map((p) => [p.phase, p]));
  const asked = phasesOf[verb].filter((p) => p !== 'test' || verb === 'test' || args.test === true);
  // A v1 agent tells only of a few steps; showing the others as left out would claim to know.
  const planned = f.executor === 'legacy' ? [] : asked;
  const status = live ? 'todo' : 'skipped';
  return Phase.options
    .filter((p) => entered.has(p) || planned.includes(p))
    .map((phase) => {
      const it = entered.get(phase) ?? { phase, status, startedAt: null, durationMs: null, reason: null };
      // Its host never told how it ended.
      return !live && it.status === 'now' ? { ...it, status: 'failed' } : it;
    });
}
