// A journal as lines of text: what happened, in the order it happened, for people.
import type { JournalEntry } from '@nixfleet/contract/journal.ts';
import { duration, size } from '@nixfleet/contract/measures.ts';
import type { Paint } from '../terminal/style.ts';
import { paintSpans, type Span } from '../terminal/table.ts';
import { outputLines } from '../terminal/text.ts';
import { changeLines } from './changes.ts';
import { phaseName, phaseNow, phaseSign } from './phases.ts';

export type Wording = {
  paint: Paint;
  colour: boolean;
  /** Say what a live line would show: that a phase begins, and how far it is. */
  spelled: boolean;
};

/** Safe, painted lines of one entry; entries that only feed the state give none. Output stands behind a rule. */
export function entryLines(entry: JournalEntry, { paint, colour, spelled }: Wording): string[] {
  const line = (...spans: Span[]): string => paintSpans(spans, paint);
  const note = (text: string): string => line(['mute', `  ${text}`]);
  const warning = (text: string): string => line(['warn', '!'], ['plain', ` ${text}`]);
  switch (entry.kind) {
    case 'output':
      return outputLines(entry.text, colour).map((text) => `${paint('mute', '│')} ${text}`);
    case 'gap':
      return [line(['mute', `… ${size(entry.droppedBytes)} of output left out here`])];
    case 'phase_started':
      return spelled ? [line(['run', '▸'], ['plain', ` ${phaseNow(entry.phase)}`])] : [];
    case 'phase_ended':
      return [
        line(
          phaseSign(entry.status),
          ['plain', ` ${phaseName(entry.phase).padEnd(8)}`],
          ['mute', entry.status === 'skipped' ? '' : ` ${duration(entry.durationMs)}`],
          ['plain', entry.reason === undefined ? '' : `  ${entry.reason}`],
        ),
      ];
    case 'progress':
      return spelled && entry.expected > 0
        ? [note(`${entry.done}/${entry.expected}${entry.current === undefined ? '' : ` ${entry.current}`}`)]
        : [];
    case 'verified':
      return [
        note(
          `${entry.commit.slice(0, 7)} ${entry.subject} (${entry.signer === null ? 'signature not checked' : `signed by ${entry.signer}`})`,
        ),
      ];
    case 'built':
      return [note(entry.storePath)];
    case 'diff':
      return changeLines(entry).map((spans) => line(['plain', '  '], ...spans));
    case 'intent':
      return entry.toGeneration === null
        ? []
        : [note(`generation ${entry.fromGeneration ?? '?'} → ${entry.toGeneration}`)];
    case 'activated':
      return entry.units.map((unit) => warning(`${unit} failed to start`));
    case 'observed':
      return [
        ...entry.broken.map((unit) => warning(`${unit} was healthy before and is not now`)),
        ...(entry.matches ? [] : [warning(`what runs is not what was pinned: ${entry.running ?? 'unknown'}`)]),
      ];
    case 'test': {
      if (entry.ok === null) return [];
      const [sign, text] = [entry.ok ? phaseSign('done') : phaseSign('failed'), ` ${entry.name}`];
      return [
        line(
          ['plain', '  '],
          sign,
          ['plain', text],
          ['mute', ` ${duration(entry.durationMs)}`],
          ['plain', entry.reason === undefined ? '' : `  ${entry.reason}`],
        ),
      ];
    }
    case 'confirming':
      return [note(`confirm window ${duration(entry.windowMs)}`)];
    case 'warned':
      return [warning(entry.reason)];
    case 'started':
    case 'confirmed':
    case 'result':
      return [];
  }
  return entry satisfies never;
}

const PROGRESS_EVERY_MS = 10_000;

/** Where nothing is redrawn, progress is worth a line every ten seconds at most, by the host’s clock. */
export function progressThinner(): (entry: JournalEntry) => boolean {
  let last = -Infinity;
  return (entry) => {
    if (entry.kind !== 'progress') return true;
    if (entry.at - last < PROGRESS_EVERY_MS) return false;
    last = entry.at;
    return true;
  };
}
