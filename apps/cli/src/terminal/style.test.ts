// When there is colour.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { paintFor, wantsColour } from './style.ts';

const wish = { off: false, noColor: undefined, forceColor: undefined, term: 'xterm' };

test('colour is for terminals, unless the environment or a flag says otherwise', () => {
  assert.equal(wantsColour(wish, true), true);
  assert.equal(wantsColour(wish, false), false);
  assert.equal(wantsColour({ ...wish, noColor: '1' }, true), false);
  assert.equal(wantsColour({ ...wish, noColor: '' }, true), true, 'an empty NO_COLOR says nothing (no-color.org)');
  assert.equal(wantsColour({ ...wish, forceColor: '1' }, false), true);
  assert.equal(wantsColour({ ...wish, forceColor: '0' }, true), false);
  assert.equal(wantsColour({ ...wish, forceColor: '1', noColor: '1' }, false), true);
  assert.equal(wantsColour({ ...wish, forceColor: '1', off: true }, true), false);
  assert.equal(wantsColour({ ...wish, term: 'dumb' }, true), false);
});

test('without colour nothing but the text is left', () => {
  assert.equal(paintFor(false)('bad', 'failed'), 'failed');
  assert.equal(paintFor(true)('bad', 'failed'), '\u001b[31mfailed\u001b[39m');
});
