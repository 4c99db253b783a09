// Tables: aligned, cut, and safe.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { paintFor } from './style.ts';
import { type Column, paintSpans, table } from './table.ts';
import { widthOf } from './text.ts';

type Row = { name: string; reason: string; took: string };
const columns: Column<Row>[] = [
  { head: 'Host', cell: (r) => [['strong', r.name]], min: 4 },
  { head: 'Reason', cell: (r) => r.reason, min: 6 },
  { head: 'Took', cell: (r) => [['mute', r.took]], align: 'right', from: 40 },
];
const paint = paintFor(false);
const rows: Row[] = [
  { name: 'web1', reason: 'tests failed: T04-docker-services', took: '1m 42s' },
  { name: '世界', reason: '', took: '9s' },
];

test('columns line up by what the eye sees', () => {
  assert.deepEqual(table(columns, rows, { columns: undefined, paint }), [
    'Host  Reason                               Took',
    'web1  tests failed: T04-docker-services  1m 42s',
    '世界                                         9s',
  ]);
});

test('a narrow terminal first loses the columns that matter least, then the ends of long texts', () => {
  assert.deepEqual(table(columns, rows, { columns: 24, paint }), ['Host  Reason', 'web1  tests failed: T04…', '世界']);
});

test('no line is wider than the terminal as long as the columns’ least widths fit', () => {
  const row = fc.record({ name: fc.string({ unit: 'grapheme' }), reason: fc.string(), took: fc.constant('1m') });
  fc.assert(
    fc.property(fc.array(row), fc.integer({ min: 20, max: 120 }), (some, width) =>
      table(columns, some, { columns: width, paint }).every((line) => widthOf(line) <= width),
    ),
  );
});

test('a control character in a cell is shown and counted as it is shown', () => {
  const [, first] = table(columns, [{ name: 'a\u001b[2J', reason: 'x', took: '' }], { columns: undefined, paint });
  assert.equal(first, 'a\\x1b[2J  x');
});

test('painted spans are cut by cells, not by escape sequences', () => {
  const cut = paintSpans(
    [
      ['bad', 'failed'],
      ['mute', ' because of reasons'],
    ],
    paintFor(true),
    10,
  );
  assert.equal(cut, '\u001b[31mfailed\u001b[39m\u001b[2m be…\u001b[22m');
});

test('a cut between two spans still says that something is missing', () => {
  assert.equal(
    paintSpans(
      [
        ['bad', 'failed'],
        ['mute', ' because'],
      ],
      paint,
      6,
    ),
    'faile…',
  );
});
