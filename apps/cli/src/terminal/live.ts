// The lines at the bottom of a terminal that are redrawn in place, under text that scrolls.
//
// INVARIANTS:
// - A drawn line is never wider than the terminal, else moving up by lines would miss.
// - `text` above is complete lines; after `clear` nothing of the live lines is left.
import type { Screen } from './screen.ts';

export type LiveLines = {
  /** Puts finished lines above the live ones. */
  text(lines: readonly string[]): void;
  clear(): void;
  stop(): void;
};

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const FRAME_MS = 100;

/** `draw(columns, rows, frame)` gives the live lines, already cut to `columns`; it is asked ten times a second at most. */
export function liveLines(
  screen: Screen,
  draw: (columns: number, rows: number, frame: number) => readonly string[],
): LiveLines {
  let drawn = 0;
  let frame = 0;
  const erase = (): string => (drawn === 0 ? '' : `\r${drawn > 1 ? `\u001b[${drawn - 1}A` : ''}\u001b[J`);
  const paint = (above: readonly string[]): void => {
    const lines = draw((screen.columns() ?? 80) - 1, screen.rows(), frame);
    screen.raw(`${erase()}${above.map((l) => `${l}\n`).join('')}${lines.join('\n')}`);
    drawn = lines.length;
  };
  screen.raw(HIDE_CURSOR);
  const timer = setInterval(() => {
    frame += 1;
    paint([]);
  }, FRAME_MS);
  timer.unref();
  const clear = (): void => {
    screen.raw(erase());
    drawn = 0;
  };
  return {
    text: paint,
    clear,
    stop: () => {
      clearInterval(timer);
      clear();
      screen.raw(SHOW_CURSOR);
    },
  };
}
