// Live lines on a small terminal: what is left on the screen.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { liveLines } from './live.ts';
import type { Screen } from './screen.ts';
import { paintFor } from './style.ts';

/** A terminal of the few sequences we send: what is on it after all was written. */
function shownBy(sent: string): string[] {
  const rows = [''];
  let row = 0;
  let column = 0;
  const tokens = sent.replaceAll(/\u001b\[\?25[lh]/g, '').matchAll(/\u001b\[(\d*)([AJ])|\r|\n|[^\u001b\r\n]+/g);
  for (const [token, count, letter] of tokens) {
    if (letter === 'A') row -= Number(count);
    else if (letter === 'J') {
      rows.length = row + 1;
      rows[row] = (rows[row] ?? '').slice(0, column);
    } else if (token === '\r') column = 0;
    else if (token === '\n') {
      row += 1;
      column = 0;
      rows[row] ??= '';
    } else {
      rows[row] = (rows[row] ?? '').slice(0, column) + token;
      column += token.length;
    }
  }
  return rows;
}

function makeTerminal(): { screen: Screen; sent: () => string } {
  let sent = '';
  const screen: Screen = {
    lines: (lines) => void (sent += lines.map((l) => `${l}\n`).join('')),
    raw: (text) => void (sent += text),
    paint: paintFor(false),
    colour: false,
    live: true,
    columns: () => 80,
    rows: () => 24,
  };
  return { screen, sent: () => sent };
}

test('whatever scrolls by, the text stays whole and nothing of the live lines is left at the end', () => {
  const line = fc.string({ minLength: 1, maxLength: 20, unit: fc.constantFrom('a', 'b', 'c', ' ') });
  const step = fc.record({ text: fc.array(line, { maxLength: 3 }), live: fc.array(line, { maxLength: 4 }) });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const { screen, sent } = makeTerminal();
      let shown: readonly string[] = [];
      const live = liveLines(screen, () => shown);
      for (const { text, live: next } of steps) {
        shown = next;
        live.text(text);
      }
      const text = steps.flatMap((s) => s.text);
      assert.deepEqual(shownBy(sent()), [...text, ...(shown.length > 0 ? shown : [''])]);
      live.stop();
      assert.deepEqual(shownBy(sent()), [...text, '']);
      assert.ok(sent().endsWith('\u001b[?25h'), 'the cursor is shown again');
    }),
  );
});
