// The status line: what a run is doing or how it ended, in a sign, a word and a remark. One rule for tables and live lines.
import type { Run } from '@nixfleet/contract/runs.ts';
import { ago, duration, size } from '@nixfleet/contract/measures.ts';
import { isOutcome, outcomeWord } from '@nixfleet/contract/words.ts';
import type { Tone } from '../terminal/style.ts';
import type { Span } from '../terminal/table.ts';
import { briefly } from '../targets/words.ts';
import { faceOf } from './outcome.ts';
import { counted, phaseBar, phaseNow } from './phases.ts';

export type Status = { sign: string; word: string; tone: Tone; remark: string };

/** The random end of an id: short, and enough to find the run again. */
export const shortId = (id: string): string => id.slice(-8);

export const statusOfRun = (run: Run, now: number): Status => {
  const { state } = run;
  if (isOutcome(state)) {
    const { sign, tone } = faceOf(state);
    return { sign, word: outcomeWord[state], tone, remark: briefly(run.reason ?? '') };
  }
  const cancelling = run.cancelRequestedAt !== null;
  if (state === 'queued')
    return {
      sign: '◌',
      word: cancelling ? 'Cancelling' : 'Queued',
      tone: 'mute',
      remark: run.reason ?? `for ${duration(now - run.createdAt)}`,
    };
  if (state === 'offered')
    return {
      sign: '◌',
      word: cancelling ? 'Cancelling' : 'Handed over',
      tone: 'run',
      remark: 'waiting for the host to begin',
    };
  const word = run.phase === null ? 'Running' : phaseNow(run.phase);
  const count = counted(run.progress);
  return {
    sign: '▸',
    word: cancelling ? `Cancelling (${word.toLowerCase()})` : count === undefined ? word : `${word} ${count}`,
    tone: run.slow ? 'warn' : 'run',
    remark: [
      run.progress?.current,
      run.startedAt === null ? undefined : duration(now - run.startedAt),
      run.slow ? 'slow' : undefined,
    ]
      .filter((s) => s !== undefined && s !== '')
      .join(' · '),
  };
};

/** One run on one line: "◌ Queued  pull-switch on web1  405413bd". */
export function runSpans(run: Run, now: number): Span[] {
  const { sign, word, tone } = statusOfRun(run, now);
  return [
    [tone, `${sign} ${word}`],
    ['plain', `  ${run.verb} on `],
    ['strong', run.hostName],
    ['mute', `  ${shortId(run.id)}`],
  ];
}

/** "pull-switch · 6 min ago · 1m 42s": what, when, how long. */
export function runFootnote(run: Run, now: number): string {
  const took = run.startedAt !== null && run.finishedAt !== null ? duration(run.finishedAt - run.startedAt) : undefined;
  return [run.verb, ago(run.finishedAt ?? run.createdAt, now), took].filter((s) => s !== undefined).join(' · ');
}

const spinner = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/** The live line of one run: sign, word with numbers, phase bar, what it works on, time. */
export function progressSpans(run: Run, now: number, frame: number): Span[] {
  const status = statusOfRun(run, now);
  const moving = run.state === 'running';
  const sign = moving ? (spinner[frame % spinner.length] ?? '·') : status.sign;
  const bytes =
    run.progress !== null && run.progress.bytesExpected > 0
      ? `${size(run.progress.bytesDone)} of ${size(run.progress.bytesExpected)}`
      : undefined;
  const remark = [moving ? bytes : undefined, status.remark].filter((s) => s !== undefined && s !== '').join(' · ');
  return [
    [status.tone, `${sign} ${status.word}`],
    ['plain', ' '],
    ...(moving ? [...phaseBar(run.phases), ['plain', ' '] as const] : []),
    ['mute', remark],
  ];
}
