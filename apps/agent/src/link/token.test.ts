// The forms in which operators and v1 left tokens in files.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { isToken, parseToken } from './token.ts';

const token = fc.stringMatching(/^[A-Za-z0-9_.~+/=-]{1,80}$/).filter((s) => !s.startsWith('NIXFLEET_TOKEN='));
const blank = fc.stringMatching(/^[ \t]{0,4}$/);

test('a token is read bare, as an assignment, quoted or not, whatever white space is around it', () => {
  const forms = fc.constantFrom(
    (s: string) => s,
    (s: string) => `NIXFLEET_TOKEN=${s}`,
    (s: string) => `export NIXFLEET_TOKEN="${s}"`,
    (s: string) => `NIXFLEET_TOKEN = '${s}'`,
  );
  fc.assert(
    fc.property(token, forms, blank, blank, fc.constantFrom('\n', '\r\n', ''), (s, form, before, after, end) => {
      assert.equal(parseToken(`# of this host\n\n${before}${form(s)}${after}${end}`), s);
    }),
  );
});

test('a file without a token gives none', () => {
  for (const text of ['', '\n', '# nothing\n', 'NIXFLEET_TOKEN=\n', 'two words\n', 'NIXFLEET_TOKEN="a b"'])
    assert.equal(parseToken(text), undefined, text);
});

test('whatever is read as a token can stand in a header', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => [undefined, true].includes(orTrue(parseToken(text)))));
});

const orTrue = (s: string | undefined): boolean | undefined => (s && isToken(s) ? true : s === undefined ? s : false);
