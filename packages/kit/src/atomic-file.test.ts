import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { isErrno, readFileIfPresent, writeFileAtomic } from './atomic-file.ts';

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'nixfleet-kit-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

test('a file is replaced whole, with the mode asked for, and nothing is left beside it', (t) => {
  const root = folder(t);
  const file = join(root, 'token');
  writeFileSync(file, 'a long old content that is longer than the new one');
  writeFileAtomic(file, 'new', 0o600);
  assert.equal(readFileSync(file, 'utf8'), 'new');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(root), ['token']);
});

test('a write that cannot be finished leaves what was there and nothing else', (t) => {
  const root = folder(t);
  // A file cannot be renamed onto a folder: that fails after the temporary file was written.
  mkdirSync(join(root, 'busy'));
  assert.throws(
    () => writeFileAtomic(join(root, 'busy'), 'x'),
    (e) => isErrno(e, 'EISDIR', 'EEXIST', 'ENOTEMPTY'),
  );
  assert.deepEqual(readdirSync(root), ['busy']);
});

test('a file that is not there is undefined, one that cannot be read is an error', (t) => {
  const root = folder(t);
  assert.equal(readFileIfPresent(join(root, 'nothing')), undefined);
  assert.equal(readFileIfPresent(join(root, 'nothing', 'below')), undefined);
  assert.throws(
    () => readFileIfPresent(root),
    (e) => isErrno(e, 'EISDIR'),
  );
});
