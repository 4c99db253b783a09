// The session cookie: v1's form, rotation of its secrets, forgeries.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { openCookie, sealCookie } from './cookie.ts';

const token = 'a-token-of-thirty-two-random-bytes';
const now = Date.UTC(2026, 0, 5);
const later = now + 86_400_000;

test('a cookie is v1’s: version, sorted payload, HMAC over its text', () => {
  const [version, payload = '', signature] = sealCookie(['first', 'second'], token, later).split('.');
  assert.equal(version, 'v1');
  const text = Buffer.from(payload, 'base64url').toString();
  assert.equal(text, `{"exp":${later / 1000},"t":"${token}","v":1}`);
  assert.equal(signature, createHmac('sha256', 'first').update(payload).digest('base64url'));
});

test('any secret opens, the first signs, a secret that is gone opens nothing', () => {
  const sealed = sealCookie(['old'], token, later);
  assert.equal(openCookie(['new', 'old'], sealed, now), token);
  assert.equal(openCookie(['new'], sealed, now), undefined);
  assert.equal(openCookie([], sealed, now), undefined);
});

test('an expired cookie is none', () => {
  assert.equal(openCookie(['s'], sealCookie(['s'], token, now), now), undefined);
  assert.equal(openCookie(['s'], sealCookie(['s'], token, now + 1000), now), token);
});

test('what was changed anywhere opens nothing', () => {
  const sealed = sealCookie(['s'], token, later);
  fc.assert(
    fc.property(fc.nat(sealed.length - 1), fc.constantFrom('A', 'z', '0', '-', '_', '.', '{'), (at, letter) => {
      const changed = sealed.slice(0, at) + letter + sealed.slice(at + 1);
      // The last digit of a base64url text has bits that mean nothing, but ours are compared as text.
      fc.pre(changed !== sealed);
      assert.equal(openCookie(['s'], changed, now), undefined);
    }),
  );
});

test('no text whatever makes it throw', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => openCookie(['s'], text, now) === undefined));
  for (const payload of ['', 'null', '[]', '{"v":1}', '{"exp":"x","t":1,"v":1}', '{']) {
    const encoded = Buffer.from(payload).toString('base64url');
    const signature = createHmac('sha256', 's').update(encoded).digest('base64url');
    assert.equal(openCookie(['s'], `v1.${encoded}.${signature}`, now), undefined);
  }
});
