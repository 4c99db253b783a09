// A stream as the commands see it: where lines go, how wide it is, whether anybody looks at it live.
import type { Writable } from 'node:stream';
import { type ColourWish, type Paint, paintFor, wantsColour } from './style.ts';

export type Screen = {
  /** Lines without escape sequences of the network's own: callers make foreign text safe first. */
  lines(lines: readonly string[]): void;
  /** As it is: JSON, scripts, control sequences of ours. */
  raw(text: string): void;
  paint: Paint;
  colour: boolean;
  /** A terminal that can redraw a line. */
  live: boolean;
  /** Cells of the terminal now; undefined where nothing limits a line. */
  columns(): number | undefined;
  rows(): number;
};

export type TerminalStream = Writable & { isTTY?: boolean; columns?: number; rows?: number };

export function makeScreen(stream: TerminalStream, wish: ColourWish): Screen {
  const isTerminal = stream.isTTY === true;
  const colour = wantsColour(wish, isTerminal);
  return {
    lines: (lines) => {
      if (lines.length > 0) stream.write(`${lines.join('\n')}\n`);
    },
    raw: (text) => void stream.write(text),
    paint: paintFor(colour),
    colour,
    live: isTerminal && wish.term !== 'dumb',
    columns: () => (isTerminal ? stream.columns || 80 : undefined),
    rows: () => stream.rows || 24,
  };
}
