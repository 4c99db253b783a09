import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isErrno, readFileIfPresent } from './atomic-file.ts';
import { pause } from './backoff.ts';
import { CommandFailed, commandOutput, runCommand } from './command.ts';

const sh = (script: string, options: Partial<Parameters<typeof runCommand>[2]> = {}) =>
  runCommand('sh', ['-c', script], { deadlineMs: 20_000, graceMs: 500, ...options });

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A killed process that nobody has waited for yet is dead all the same.
    return !/^State:\s+Z/m.test(readFileIfPresent(`/proc/${pid}/status`) ?? '');
  } catch (error) {
    if (isErrno(error, 'ESRCH')) return false;
    throw error;
  }
}

async function gone(pid: number): Promise<boolean> {
  for (let i = 0; i < 500 && isAlive(pid); i++) await pause(10);
  return !isAlive(pid);
}

test('both streams come in lines and as text, with the exit code', async () => {
  const lines: string[] = [];
  const r = await sh('echo one; echo two >&2; printf three; exit 3', {
    onLine: (line, s) => lines.push(`${s} ${line}`),
  });
  assert.deepEqual([r.code, r.stdout, r.stderr, r.timedOut, r.aborted], [3, 'one\nthree', 'two\n', false, false]);
  assert.deepEqual(lines.toSorted(), ['stderr two', 'stdout one', 'stdout three']);
});

test('input reaches the program, and one that does not read it is no error', async () => {
  assert.equal((await sh('cat', { input: 'hello' })).stdout, 'hello');
  assert.equal((await sh('exec <&-; exit 0', { input: 'x'.repeat(1_000_000) })).code, 0);
});

test('a character that arrives in two pieces is one character', async () => {
  const lines: string[] = [];
  await sh(String.raw`printf '\303'; sleep 0.1; printf '\244\n'`, { onLine: (line) => lines.push(line) });
  assert.deepEqual(lines, ['ä']);
});

test('of much output the end is kept, and a line without end is cut into pieces', async () => {
  const sizes: number[] = [];
  const r = await sh('head -c 300000 /dev/zero | tr "\\0" x', { maxBytes: 1000, onLine: (l) => sizes.push(l.length) });
  assert.equal(r.stdout.length, 1000);
  assert.equal(
    sizes.reduce((a, b) => a + b, 0),
    300_000,
  );
  assert.ok(Math.max(...sizes) <= 16_384);
});

test('at the deadline the whole group is ended, grandchildren that ignore SIGTERM too', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'nixfleet-kit-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const pidFile = join(folder, 'pid');
  const stubborn = `trap '' TERM; sh -c 'trap "" TERM; echo $$ > ${pidFile}; while :; do sleep 1; done' & wait`;
  const r = await sh(stubborn, { deadlineMs: 1000, graceMs: 200 });
  assert.equal(r.timedOut, true);
  assert.ok(await gone(Number(readFileSync(pidFile, 'utf8'))));
});

test('an abort ends it, also one from before the start', async () => {
  const stop = new AbortController();
  const running = sh('sleep 60', { signal: stop.signal });
  stop.abort();
  assert.equal((await running).aborted, true);
  assert.equal((await sh('sleep 60', { signal: AbortSignal.abort() })).aborted, true);
});

test('what a program leaves behind does not keep its caller waiting', async () => {
  const r = await sh('sleep 30 & echo $!');
  assert.equal(r.code, 0);
  process.kill(Number(r.stdout), 'SIGKILL');
});

test('a program that is not there is an error with its name', async () => {
  await assert.rejects(runCommand('/nowhere/program', [], { deadlineMs: 1000 }), /could not start \/nowhere\/program/);
});

test('where failure is ours, the error says how it ended and what it said', async () => {
  const options = { deadlineMs: 20_000 };
  assert.equal(await commandOutput('sh', ['-c', 'echo fine'], options), 'fine\n');
  await assert.rejects(commandOutput('sh', ['-c', 'echo broken >&2; exit 4'], options), (error) => {
    assert.ok(error instanceof CommandFailed);
    assert.match(error.message, /ended with exit code 4: broken$/);
    assert.equal(error.result.code, 4);
    return true;
  });
  await assert.rejects(commandOutput('sleep', ['60'], { deadlineMs: 100 }), /took longer than 100 ms/);
});
