// The programs of a run begin only after they were written down, and their failures make one sentence.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { makeSampleHost } from '../testing/sample-host.ts';
import { makeSampleStore, type SampleStore } from '../testing/sample-store.ts';
import { complaint, runChild } from './child.ts';
import { closeRun, openRun, type Run } from './run.ts';

let store: SampleStore;
before(async () => {
  store = await makeSampleStore();
});
after(() => store.remove());

function anyRun(t: TestContext): Run {
  const host = makeSampleHost(store);
  t.after(host.remove);
  const run = openRun(host.take({ verb: 'restart' }).root, host.host, { committed: false });
  t.after(() => closeRun(run));
  return run;
}

test('a program is the process that was written down, and leads its group', async (t) => {
  const run = anyRun(t);
  const r = await runChild(run, ['/bin/sh', '-c', 'echo $$ $(ps -o pgid= -p $$)'], { deadlineMs: 10_000 });
  const { pid } = JSON.parse(readFileSync(run.folder.child, 'utf8'));
  assert.equal(r.stdout.trim(), `${pid} ${pid}`);
});

test('a program that could not be written down never begins', async (t) => {
  const run = anyRun(t);
  mkdirSync(run.folder.child);
  const trace = join(run.folder.root, 'ran');
  await assert.rejects(runChild(run, ['touch', trace], { deadlineMs: 10_000 }), /could not begin/);
  assert.equal(existsSync(trace), false);
});

test('its arguments and its exit status come through unchanged', async (t) => {
  const script = 'printf "%s|" "$@"; exit 7';
  const r = await runChild(anyRun(t), ['/bin/sh', '-c', script, 'sh', 'a b', '$HOME', "'"], { deadlineMs: 10_000 });
  assert.equal(r.stdout, "a b|$HOME|'|");
  assert.equal(r.code, 7);
});

test('a failure names the program, how it ended and what it said was wrong', () => {
  const r = { code: 1, signal: null, stdout: '', stderr: '', timedOut: false, aborted: false };
  const of = (change: Partial<typeof r>, ...command: [string, ...string[]]): string =>
    complaint(command, { ...r, ...change }, 2000);
  assert.equal(of({}, '/usr/bin/git', '-C', '/m', 'fetch', 'x'), 'git fetch ended with exit code 1');
  const stderr = 'hint\nfatal: no such\n\nmore words\n';
  assert.equal(of({ stderr }, 'git', 'fetch'), 'git fetch ended with exit code 1: fatal: no such');
  assert.equal(of({ stderr: 'a\nb\n' }, 'nix'), 'nix ended with exit code 1: a; b');
  assert.equal(of({ timedOut: true }, 'nix', 'build'), 'nix build took longer than 2 s');
});
