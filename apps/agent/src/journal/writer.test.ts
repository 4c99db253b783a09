// The journal on a real disk: order, bounds, what a killed writer leaves behind, and a disk that is full.
import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { runCommand } from '@nixfleet/kit/command.ts';
import { readEntries, readJournal } from './reader.ts';
import { openJournal } from './writer.ts';

function folder(t: TestContext): { path: string; reserve: string; now: () => number } {
  const root = mkdtempSync(join(tmpdir(), 'nixfleet-journal-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  return { path: join(root, 'journal.jsonl'), reserve: join(root, 'reserve'), now: () => 1000 };
}

const started = { kind: 'started', executor: 'detached', pid: 1 } as const;
const begin = { kind: 'phase_started', phase: 'build' } as const;
const end = { kind: 'phase_ended', phase: 'build', status: 'done', durationMs: 1 } as const;
const progress = { done: 0, expected: 1, running: 0, failed: 0, bytesDone: 0, bytesExpected: 0 };

test('a fact is in the file when append returns, behind all output before it', (t) => {
  const at = folder(t);
  const journal = openJournal(at);
  journal.append(started);
  journal.append(begin);
  journal.output('build', 'stderr', 'one');
  journal.output('build', 'stderr', 'two');
  journal.output('build', 'stdout', 'three');
  journal.progress('build', progress);
  journal.progress('build', { ...progress, done: 1 });
  journal.append(end);
  const { entries } = readJournal(at.path);
  assert.deepEqual(
    entries.map((e) => e.seq),
    [0, 1, 2, 3, 4, 5],
  );
  assert.deepEqual(
    entries.map((e) => (e.kind === 'output' ? `${e.stream}: ${e.text}` : e.kind)),
    ['started', 'phase_started', 'stderr: one\ntwo', 'stdout: three', 'progress', 'phase_ended'],
  );
  assert.equal(entries[4]?.kind === 'progress' && entries[4].done, 1, 'only the last progress');
  journal.close();
});

test('output reaches the file by itself soon', async (t) => {
  const at = folder(t);
  const journal = openJournal(at);
  journal.output('build', 'stdout', 'alone');
  journal.progress('build', progress);
  for (let i = 0; i < 500 && readJournal(at.path).entries.length < 2; i += 1)
    await new Promise((r) => setTimeout(r, 10));
  assert.deepEqual(
    readJournal(at.path).entries.map((e) => e.kind),
    ['output', 'progress'],
  );
  journal.close();
});

test('an entry holds at most 16 KiB of text', (t) => {
  const at = folder(t);
  const journal = openJournal(at);
  for (let i = 0; i < 40; i += 1) journal.output('build', 'stdout', 'x'.repeat(1000));
  journal.output('build', 'stdout', 'y'.repeat(16_384));
  journal.close();
  const { entries } = readJournal(at.path);
  const texts = entries.flatMap((e) => (e.kind === 'output' ? e.text : []));
  assert.ok(texts.every((text) => text.length <= 16_384));
  assert.equal(texts.join('\n').length, 40 * 1001 + 16_384);
});

test('of too much output the head and the tail are kept, and the gap says what is missing', (t) => {
  const at = folder(t);
  const journal = openJournal({ ...at, maxOutputBytes: 100_000 });
  journal.append(begin);
  const line = (i: number): string => `${String(i).padStart(6, '0')} ${'z'.repeat(992)}`;
  for (let i = 0; i < 3000; i += 1) journal.output('build', 'stdout', line(i));
  journal.append(end);
  journal.output('test', 'stdout', 'later');
  journal.append({ ...end, phase: 'test' });
  journal.close();
  const { entries } = readJournal(at.path);
  const gaps = entries.filter((e) => e.kind === 'gap');
  assert.equal(gaps.length, 1);
  const kept = entries
    .filter((e) => e.kind === 'output' && e.phase === 'build')
    .flatMap((e) => (e.kind === 'output' ? e.text.split('\n') : []));
  assert.equal(kept[0], line(0));
  assert.equal(kept.at(-1), line(2999));
  assert.equal((gaps[0]?.kind === 'gap' ? gaps[0].droppedBytes : 0) + kept.length * 1000, 3000 * 1000);
  assert.ok(statSync(at.path).size < 1_400_000);
  assert.ok(
    entries.some((e) => e.kind === 'output' && e.text === 'later'),
    'a later phase is heard too',
  );
});

test('what a killed writer left is continued behind its last whole line', (t) => {
  const at = folder(t);
  const first = openJournal(at);
  first.append(started);
  first.append(begin);
  first.close();
  appendFileSync(at.path, '{"seq":2,"at":1000,"kind":"phase_en');
  const second = openJournal(at);
  assert.equal(second.next, 2);
  second.append(end);
  second.close();
  assert.deepEqual(
    readJournal(at.path).entries.map((e) => e.kind),
    ['started', 'phase_started', 'phase_ended'],
  );
});

test('zeros that a power cut left in place of lines are cut off', (t) => {
  const at = folder(t);
  const first = openJournal(at);
  first.append(started);
  first.close();
  appendFileSync(at.path, Buffer.alloc(4096));
  const second = openJournal(at);
  second.append(begin);
  second.close();
  assert.equal(readFileSync(at.path).includes(0), false);
  assert.equal(readJournal(at.path).entries.length, 2);
});

test('a reader goes on where it was, and never sees half a line', (t) => {
  const at = folder(t);
  const position = { seq: 0, byte: 0 };
  assert.deepEqual(readEntries(at.path, 0, 10, position), { entries: [], size: 0 });
  const journal = openJournal(at);
  journal.append(started);
  journal.append(begin);
  journal.append(end);
  assert.deepEqual(
    readEntries(at.path, 0, 2, position).entries.map((e) => e.seq),
    [0, 1],
  );
  assert.equal(position.seq, 2);
  appendFileSync(at.path, '{"seq":3,"at":1000,"ki');
  assert.deepEqual(
    readEntries(at.path, 2, 10, position).entries.map((e) => e.seq),
    [2],
  );
  assert.deepEqual(
    readEntries(at.path, 1, 10, position).entries.map((e) => e.seq),
    [1, 2],
    'also backwards',
  );
  const few = readEntries(at.path, 0, 10, { seq: 0, byte: 0 }, 1).entries;
  assert.deepEqual(
    few.map((e) => e.seq),
    [0],
    'at least one, however small the bound',
  );
  journal.close();
});

test('on a full disk output is left out, and the facts are still written', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'nixfleet-full-'));
  const disk = join(root, 'disk');
  mkdirSync(disk);
  const mounted = await runCommand('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'none', disk], { deadlineMs: 10_000 });
  t.after(async () => {
    if (mounted.code === 0) await runCommand('umount', ['-l', disk], { deadlineMs: 10_000 });
    rmSync(root, { recursive: true, force: true });
  });
  if (mounted.code !== 0) return t.skip('mounting needs root');
  const at = { path: join(disk, 'journal.jsonl'), reserve: join(disk, 'reserve'), now: () => 1000 };
  const journal = openJournal(at);
  journal.append(started);
  journal.append(begin);
  assert.throws(() => writeFileSync(join(disk, 'big'), Buffer.alloc(1024 * 1024)), /ENOSPC/);
  for (let i = 0; i < 300; i += 1) journal.output('build', 'stdout', 'x'.repeat(1000));
  assert.equal(journal.full, true);
  for (let i = 0; i < 40; i += 1) journal.append({ kind: 'warned', reason: 'y'.repeat(1000) });
  journal.append(end);
  journal.close();
  const { entries } = readJournal(at.path);
  assert.equal(entries.filter((e) => e.kind === 'warned').length, 40);
  assert.deepEqual(
    entries.map((e) => e.seq),
    entries.map((_, i) => i),
  );
  assert.equal(existsSync(at.reserve), false);
  const gap = entries.find((e) => e.kind === 'gap');
  assert.ok(gap?.kind === 'gap' && gap.droppedBytes > 100_000);
  assert.equal(entries.at(-1)?.kind, 'phase_ended');
});
