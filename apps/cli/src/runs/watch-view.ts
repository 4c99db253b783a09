// How watched runs look: on a terminal finished lines scroll above live ones, anywhere else every step is a plain line.
// One host has the whole width; of many, every line begins with its host's name.
import type { JournalEntry } from '@nixfleet/contract/journal.ts';
import type { Run } from '@nixfleet/contract/runs.ts';
import { isOutcome } from '@nixfleet/contract/words.ts';
import { liveLines } from '../terminal/live.ts';
import type { Screen } from '../terminal/screen.ts';
import { paintSpans, type Span } from '../terminal/table.ts';
import { oneLine, widthOf } from '../terminal/text.ts';
import { entryLines, progressThinner } from './journal-text.ts';
import { progressSpans } from './status.ts';

export type WatchView = {
  entry(run: Run, entry: JournalEntry): void;
  run(run: Run): void;
  connection(state: 'lost' | 'back'): void;
  /** Takes the live lines away; finished lines stay. */
  end(): void;
};

/** Live lines leave this many rows to the text above. */
const ROWS_FOR_TEXT = 6;

export function watchView(screen: Screen, runs: readonly Run[], now: () => number): WatchView {
  const latest = new Map(runs.map((run) => [run.id, run]));
  const nameWidth = Math.max(...runs.map((run) => widthOf(run.hostName)));
  const many = runs.length > 1;
  const thin = new Map(runs.map((run) => [run.id, progressThinner()]));
  let lost = 0;

  const named = (run: Run, lines: readonly string[]): string[] =>
    many
      ? lines.map((line) => `${screen.paint('accent', oneLine(run.hostName).padEnd(nameWidth))} ${line}`)
      : [...lines];

  const liveRow = (run: Run, columns: number, frame: number): string => {
    const name: Span = ['strong', many ? `${run.hostName.padEnd(nameWidth)} ` : ''];
    return paintSpans([name, ...progressSpans(run, now(), frame)], screen.paint, columns);
  };
  const draw = (columns: number, rows: number, frame: number): string[] => {
    const live = [...latest.values()].filter((run) => !isOutcome(run.state));
    const room = Math.max(1, rows - ROWS_FOR_TEXT);
    const moving = live.toSorted((a, b) => Number(b.state === 'running') - Number(a.state === 'running'));
    const shown = moving.slice(0, live.length > room ? room - 1 : room);
    const rest = live.length - shown.length;
    return [
      ...shown.map((run) => liveRow(run, columns, frame)),
      ...(rest > 0 ? [screen.paint('mute', `… and ${rest} more`)] : []),
      ...(lost > 0
        ? [paintSpans([['warn', '! Connection lost, trying again; the runs go on']], screen.paint, columns)]
        : []),
    ];
  };
  const live = screen.live ? liveLines(screen, draw) : undefined;
  const put = (lines: readonly string[]): void => (live ? live.text(lines) : screen.lines(lines));

  return {
    entry: (run, entry) => {
      if (!live && !thin.get(run.id)?.(entry)) return;
      const lines = entryLines(entry, { paint: screen.paint, colour: screen.colour, spelled: !live });
      if (lines.length > 0) put(named(run, lines));
    },
    run: (run) => {
      latest.set(run.id, run);
    },
    connection: (state) => {
      lost += state === 'lost' ? 1 : -1;
      if (live || lost !== (state === 'lost' ? 1 : 0)) return;
      put([
        screen.paint(
          'warn',
          state === 'lost' ? '! Connection lost, trying again; the runs go on' : '! Connection is back',
        ),
      ]);
    },
    end: () => live?.stop(),
  };
}
