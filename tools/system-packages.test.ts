// What is found on this machine and what is said about the rest.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findProgram, provide } from './system-packages.ts';

test('a program is found on the given PATH, and nowhere else', () => {
  assert.match(findProgram('git', process.env['PATH'] ?? '') ?? '', /\/git$/);
  assert.equal(findProgram('nix', '/nonexistent'), undefined);
});

test('what is missing and cannot be installed is named with what to do about it', async () => {
  const missing = await provide({
    names: ['nix'],
    path: '/nonexistent',
    print: () => assert.fail('nothing to install with'),
  });
  assert.equal(missing[0]?.name, 'nix');
  assert.match(missing[0]?.line ?? '', /^nix is missing: install Nix 2\.8 or later/);
});
