// What a v0.4.0 agent's posts mean: journal entries made of its status texts, and the comment rules of v1.
import type { EntryBody, TestSummary } from '@nixfleet/contract/journal.ts';
import { LegacyCommand, type LegacyStatus, type LegacyTestProgress } from '@nixfleet/contract/legacy.ts';
import { Commit } from '@nixfleet/contract/names.ts';
import type { Phase, Verb } from '@nixfleet/contract/verbs.ts';
import type { Fold } from '../runs/journal/rules.ts';

/** Handed over this often at most: a heartbeat without a status before it means that the agent never ran it. */
export const MAX_ATTEMPTS = 2;

/** The one step that a v1 agent tells of, or the first of the two of `pull-switch`. */
const firstPhase: Record<LegacyCommand, Phase> = {
  pull: 'fetch',
  'pull-switch': 'fetch',
  switch: 'activate',
  update: 'activate',
  test: 'test',
  restart: 'restart',
};

export const isLegacyCommand = (verb: Verb): verb is LegacyCommand => LegacyCommand.safeParse(verb).success;

export type LegacyRun = { verb: LegacyCommand; fold: Fold; since: number };

/** The entries that every journal of a v1 agent begins with. */
export const opening = (run: LegacyRun): EntryBody[] =>
  run.fold.next > 0
    ? []
    : [
        { kind: 'started', executor: 'legacy', pid: 0 },
        { kind: 'phase_started', phase: firstPhase[run.verb] },
      ];

/** What a status post adds. The first `ok` of a pull-switch is its pull half; every other one ends the run. */
export function statusEntries(run: LegacyRun, said: LegacyStatus, now: number): EntryBody[] {
  const phase = run.fold.phase ?? firstPhase[run.verb];
  const startedAt = run.fold.phases.find((p) => p.phase === phase)?.startedAt ?? run.since;
  const durationMs = Math.max(0, now - startedAt);
  const ok = said.status === 'ok';
  const text = plain(said.output ?? '');
  const entries = opening(run);
  if (text !== '') entries.push({ kind: 'output', phase, stream: 'stdout', text });
  entries.push({ kind: 'phase_ended', phase, status: ok ? 'done' : 'failed', durationMs });
  if (run.verb === 'pull-switch' && phase === 'fetch' && ok)
    return [...entries, { kind: 'phase_started', phase: 'activate' }];
  return [
    ...entries,
    {
      kind: 'result',
      outcome: ok ? 'succeeded' : 'failed',
      reason: ok
        ? `the v1 agent reported success of ${run.verb}`
        : `the v1 agent reported: ${firstLine(text) || said.status}`,
      phase: ok ? null : phase,
      running: null,
      generation: null,
      tests: run.verb === 'test' ? summary(run.fold, text) : null,
    },
  ];
}

/** The failing scripts by the names in the agent's report, `❌ <name>: …`. */
function summary(fold: Fold, text: string): TestSummary | null {
  const failed = text.split('\n').flatMap((line) => /^❌ ([^:]{1,256})/.exec(line)?.[1] ?? []);
  const good = text.split('\n').filter((line) => line.startsWith('✅ ')).length;
  if (good + failed.length > 0) return { passed: good, total: good + failed.length, failed };
  return fold.tests;
}

/** What a progress post adds: the script being run, as X of N. v1 does not say its name. */
export function progressEntries(run: LegacyRun, said: LegacyTestProgress): EntryBody[] {
  const entries = opening(run);
  const { current, total, passed, running, result, comment } = said;
  if (running && current >= 1 && total >= current)
    entries.push({ kind: 'test', name: `#${current}`, index: current, total, passed, ok: null, durationMs: 0 });
  const words = [result, comment].filter((w) => w != null && w !== '').join('; ');
  if (!running && words !== '') entries.push({ kind: 'output', phase: 'test', stream: 'stdout', text: plain(words) });
  return entries;
}

const firstLine = (text: string): string => (text.split('\n').find((line) => line.trim() !== '') ?? '').slice(0, 100);

/** Without control characters, which nothing that shows it would survive; lines stay. */
export const plain = (text: string): string => text.replaceAll(/[^\P{Cc}\n\t]/gu, '').replace(/\n+$/, '');

/** v1's rule for the host's comment; undefined leaves it. */
export function commentOf({ status, output, comment }: LegacyStatus): string | undefined {
  if (comment != null && comment !== '') return comment;
  const text = output ?? '';
  if (status === 'error') return firstLine(plain(text)) || undefined;
  if (/Already up[ -]to[ -]date/.test(text)) return 'Already up to date';
  return text.includes('Updating') ? 'Pull successful' : undefined;
}

/** The commit a successful run left running. A pull or a test left nothing running. */
export function deployedBy(verb: LegacyCommand, said: LegacyStatus): string | null {
  if (said.status !== 'ok' || !(verb === 'switch' || verb === 'pull-switch' || verb === 'update')) return null;
  return Commit.safeParse(said.current_generation).data ?? null;
}

/** v1's metrics: numbers, or numbers as text. */
export function metricsOf(metrics: Record<string, unknown> | null | undefined) {
  if (!metrics) return undefined;
  const number = (key: string): number => {
    const found = Number(metrics[key]);
    return Number.isFinite(found) ? Math.max(0, found) : 0;
  };
  const percent = (key: string): number => Math.min(100, number(key));
  return {
    cpu: percent('cpu'),
    ram: percent('ram'),
    swap: percent('swap'),
    load: number('load'),
    source: 'legacy' as const,
  };
}
