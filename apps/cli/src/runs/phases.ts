// The phases of a run in words and as a bar of segments: the phase timeline of the screens, in one line.
import type { Progress, Run, RunPhase } from '@nixfleet/contract/runs.ts';
import type { Phase } from '@nixfleet/contract/verbs.ts';
import { phaseWords } from '@nixfleet/contract/words.ts';
import { duration } from '@nixfleet/contract/measures.ts';
import type { Tone } from '../terminal/style.ts';
import type { Span } from '../terminal/table.ts';

export const phaseName = (phase: Phase): string => phaseWords[phase].name;
export const phaseNow = (phase: Phase): string => phaseWords[phase].now;

const signs: Record<RunPhase['status'], Span> = {
  todo: ['mute', '·'],
  now: ['run', '▸'],
  done: ['ok', '✓'],
  failed: ['bad', '✗'],
  skipped: ['mute', '–'],
};
export const phaseSign = (status: RunPhase['status']): Span => signs[status];

const segments: Record<RunPhase['status'], readonly [Tone, string]> = {
  todo: ['mute', '▱'],
  now: ['run', '▰'],
  done: ['run', '▰'],
  failed: ['bad', '▰'],
  skipped: ['mute', '▱'],
};

/** One segment a phase. */
export const phaseBar = (phases: readonly RunPhase[]): Span[] => phases.map((p) => segments[p.status]);

/** "214/361", or undefined while there is nothing to count: never a bar without numbers. */
export const counted = (progress: Progress | null): string | undefined =>
  progress === null || progress.expected === 0 ? undefined : `${progress.done}/${progress.expected}`;

/** What stands beside a phase: its time, why it failed, or that it was not reached. */
export function phaseRemark(phase: RunPhase, run: Run, now: number): string {
  switch (phase.status) {
    case 'done':
      return phase.durationMs === null ? '' : duration(phase.durationMs);
    case 'failed':
      return [phase.durationMs === null ? '' : duration(phase.durationMs), phase.reason ?? '']
        .filter(Boolean)
        .join(', ');
    case 'skipped':
      return phase.reason ?? 'skipped';
    case 'now':
      return [phase.startedAt === null ? '' : duration(now - phase.startedAt), counted(run.progress) ?? '']
        .filter(Boolean)
        .join(', ');
    case 'todo':
      return run.finishedAt === null ? '' : 'not reached';
  }
  return phase.status satisfies never;
}
