// Foreign text made safe, and its width.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { manyLines, oneLine, outputLines, truncated, widthOf } from './text.ts';

/** Text in which every kind of control character is frequent. */
const hostile = fc
  .array(
    fc.oneof(
      fc.integer({ min: 0, max: 0x9f }).map((c) => String.fromCharCode(c)),
      fc.constantFrom(
        '\u001b[31m',
        '\u001b[2J',
        '\u001b]0;x\u0007',
        '\u001b[38;5;208m',
        '\u202e',
        '\u2028',
        '\r\n',
        '界',
        'é',
      ),
      fc.string(),
    ),
  )
  .map((parts) => parts.join(''));

test('one line of foreign text holds no control character at all', () => {
  fc.assert(
    fc.property(
      hostile,
      (text) => !/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/.test(oneLine(text)),
    ),
  );
});

test('many lines of foreign text hold line breaks and tabs, and no other control character', () => {
  fc.assert(fc.property(hostile, (text) => !/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/.test(manyLines(text))));
});

test('output holds no escape sequence but colours, and every coloured line ends without colour', () => {
  fc.assert(
    fc.property(hostile, fc.boolean(), (text, colour) => {
      for (const line of outputLines(text, colour)) {
        const rest = line.replace(/\u001b\[[0-9;:]*m/g, '');
        assert.doesNotMatch(rest, /[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/);
        if (line !== rest) assert.ok(colour && line.endsWith('\u001b[0m'));
      }
    }),
  );
});

test('what is escaped can be read, and escaping twice changes nothing', () => {
  assert.equal(oneLine('a\u001b[2Jb\nc\u009b'), 'a\\x1b[2Jb\\nc\\x9b');
  assert.equal(oneLine('user\u202egnp.exe'), 'user\\u202egnp.exe');
  fc.assert(fc.property(hostile, (text) => oneLine(oneLine(text)) === oneLine(text)));
});

test('a progress bar that overwrites itself becomes a line per state', () => {
  assert.deepEqual(outputLines('10%\r20%\r\ndone', false), ['10%', '20%', 'done']);
});

test('colours are taken out where none are wanted', () => {
  assert.deepEqual(outputLines('\u001b[1;31mred\u001b[0m', false), ['red']);
  assert.deepEqual(outputLines('\u001b[1;31mred', true), ['\u001b[1;31mred\u001b[0m']);
});

test('width counts cells: wide characters two, marks none', () => {
  assert.equal(widthOf('web1'), 4);
  assert.equal(widthOf('世界'), 4);
  assert.equal(widthOf('e\u0301'), 1);
  assert.equal(widthOf('🚀'), 2);
});

test('cut text fits, and only text that does not fit is cut', () => {
  assert.equal(truncated('pull-switch', 6), 'pull-…');
  assert.equal(truncated('世界', 3), '世…');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, cells) => {
      const cut = truncated(text, cells);
      return widthOf(cut) <= cells && (widthOf(text) > cells || cut === text);
    }),
  );
});
