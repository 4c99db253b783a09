// Tables: columns aligned by what the eye sees. On a terminal they fit its width: the least important columns go first,
// then the widest text is cut with …; anywhere else nothing is ever cut, so that grep finds it.
import type { Paint, Tone } from './style.ts';
import { oneLine, truncated, widthOf } from './text.ts';

/** Spans beside each other, each with its tone. Text is made safe here, so callers pass what the server said. */
export type Span = readonly [Tone, string];
export type Cell = string | readonly Span[];

export type Column<T> = {
  head: string;
  cell: (row: T) => Cell;
  align?: 'right';
  /** Left out on terminals narrower than this. */
  from?: number;
  /** May be cut down to this many cells when the table is too wide. */
  min?: number;
};

export type Fit = { columns: number | undefined; paint: Paint };

const GAP = '  ';

const spansOf = (cell: Cell): Span[] =>
  (typeof cell === 'string' ? [['plain', cell] as const] : cell).map(([tone, text]) => [tone, oneLine(text)]);
const spansWidth = (spans: readonly Span[]): number => spans.reduce((sum, [, text]) => sum + widthOf(text), 0);

/** Makes safe, paints, and cuts to `cells`. */
export function paintSpans(cell: Cell, paint: Paint, cells = Infinity): string {
  const spans = spansOf(cell);
  let left = cells;
  const whole = spansWidth(spans) <= cells;
  let out = '';
  for (const [tone, text] of spans) {
    if (left <= 0) break;
    const cut = whole ? text : widthOf(text) < left ? text : truncated(`${text} `, left);
    out += paint(tone, cut);
    left -= widthOf(cut);
  }
  return out;
}

/** Widths that fit: the widest column that may shrink gives one cell at a time. */
function fitWidths(natural: number[], minimum: (number | undefined)[], room: number): number[] {
  const widths = [...natural];
  let over = widths.reduce((a, b) => a + b, 0) - room;
  while (over > 0) {
    let widest = -1;
    for (const [i, w] of widths.entries()) {
      const floor = minimum[i];
      if (floor !== undefined && w > floor && (widest < 0 || w > (widths[widest] ?? 0))) widest = i;
    }
    if (widest < 0) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
    over -= 1;
  }
  return widths;
}

/** The head and one line per row; no line ends with blanks. */
export function table<T>(columns: readonly Column<T>[], rows: readonly T[], { columns: room, paint }: Fit): string[] {
  const shown = columns.filter((c) => room === undefined || c.from === undefined || room >= c.from);
  const heads = shown.map((c): Span[] => [['mute', c.head]]);
  const grid = [heads, ...rows.map((row) => shown.map((c) => spansOf(c.cell(row))))];
  const natural = shown.map((_, i) => Math.max(...grid.map((line) => spansWidth(line[i] ?? []))));
  const gaps = GAP.length * (shown.length - 1);
  const widths =
    room === undefined
      ? natural
      : fitWidths(
          natural,
          shown.map((c) => c.min),
          room - gaps,
        );
  return grid.map((line) =>
    line
      .map((spans, i) => {
        const width = widths[i] ?? 0;
        const pad = ' '.repeat(Math.max(0, width - spansWidth(spans)));
        const text = paintSpans(spans, paint, width);
        return shown[i]?.align === 'right' ? pad + text : text + pad;
      })
      .join(GAP)
      .trimEnd(),
  );
}

/** "name  value" lines, names muted and aligned. */
export function definitions(rows: readonly (readonly [string, Cell])[], paint: Paint): string[] {
  const width = Math.max(0, ...rows.map(([name]) => widthOf(name)));
  return rows.map(([name, cell]) => `${paint('mute', name.padEnd(width))}  ${paintSpans(cell, paint)}`.trimEnd());
}
