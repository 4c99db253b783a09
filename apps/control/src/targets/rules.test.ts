// What Git prints, and what becomes of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { gitReason, isBrokenMirror, parseLog, plainText, repositoryKey, shownUrl } from './rules.ts';

const commit = 'a'.repeat(40);

test('a log is read record by record, whatever stands in it', () => {
  const text = [commit, '1767600000', 'G', 'ada@example.org', 'Ada   ', 'one line  ', ''].join('\0');
  assert.deepEqual(parseLog(text), [
    {
      commit,
      at: 1_767_600_000_000,
      signature: 'signed',
      signer: 'ada@example.org',
      author: 'Ada',
      subject: 'one line',
    },
  ]);
  assert.deepEqual(parseLog(''), []);
  assert.deepEqual(parseLog(`${commit}\0cut off`), []);
});

test('times that no clock shows become ones that can be shown', () => {
  const at = (seconds: string): number | undefined => parseLog(`${commit}\0${seconds}\0N\0\0a\0s`)[0]?.at;
  assert.deepEqual([at('-5'), at('99999999999999999999'), at('x'), at('')], [0, 8_640_000_000_000_000, 0, 0]);
  for (const value of [at('-5'), at('99999999999999999999')])
    assert.ok(!Number.isNaN(new Date(value ?? NaN).getTime()));
});

test('only a good signature by a known signer counts', () => {
  const judged = Array.from('GUBXYREN?', (letter) => parseLog([commit, 0, letter, 'who', 'a', 's'].join('\0'))[0]);
  assert.deepEqual(
    judged.map((c) => c?.signature),
    ['signed', 'unknown', 'bad', 'bad', 'bad', 'bad', 'unknown', 'unsigned', 'unknown'],
  );
  assert.deepEqual(
    judged.map((c) => c?.signer).filter((s) => s !== null),
    ['who'],
  );
});

test('text of others is one line of printable, well-formed, bounded text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 500 }), fc.integer({ min: 1, max: 300 }), (text, max) => {
      const plain = plainText(text, max);
      assert.ok(plain.length <= max);
      assert.ok(plain.isWellFormed());
      assert.doesNotMatch(plain, /[\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]/u);
    }),
  );
  assert.equal(plainText('häuser & 日本語 🚀', 100), 'häuser & 日本語 🚀');
});

test('one repository has one key, however it is reached', () => {
  const same = [
    'git@git.example.org:team/fleet.git',
    'ssh://git@git.example.org/team/fleet',
    'https://git.example.org/team/fleet.git',
    'https://user:password@GIT.example.org/team/fleet/',
  ];
  assert.deepEqual(new Set(same.map(repositoryKey)), new Set(['git.example.org/team/fleet']));
  assert.equal(repositoryKey('/srv/fleet/'), repositoryKey('file:///srv/fleet'));
  assert.notEqual(repositoryKey('https://a/x'), repositoryKey('https://b/x'));
  assert.notEqual(repositoryKey('https://a/x'), repositoryKey('https://a/X'));
});

test('no password of an address is shown', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Za-z0-9._%-]{1,20}$/), (password) => {
      const shown = shownUrl(`https://deploy:${password}@git.example.org/x`);
      assert.equal(shown, 'https://deploy:***@git.example.org/x');
      assert.equal(
        gitReason(`fatal: unable to access 'https://deploy:${password}@h/': no`).includes(`:${password}@`),
        false,
      );
    }),
  );
  assert.equal(shownUrl('git@git.example.org:team/fleet.git'), 'git@git.example.org:team/fleet.git');
});

test('what Git complains about becomes one line', () => {
  const stderr =
    "fatal: '/nowhere' does not appear to be a git repository\nfatal: Could not read from remote repository.\n";
  const reason = "'/nowhere' does not appear to be a git repository; Could not read from remote repository.";
  assert.equal(gitReason(stderr), reason);
  assert.equal(gitReason(''), 'git failed without a word');
  assert.ok(gitReason('x'.repeat(10_000)).length <= 500);
});

test('a broken mirror is told from a broken repository', () => {
  assert.ok(isBrokenMirror("Unable to create '/data/x.git/shallow.lock': File exists."));
  assert.ok(isBrokenMirror('object file objects/aa/bb is empty'));
  assert.equal(isBrokenMirror('Could not resolve host: git.example.org'), false);
  assert.equal(isBrokenMirror('the repository has no branch main'), false);
});
