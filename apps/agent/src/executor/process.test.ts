// Process identity on this system, and on macOS by stub system tools.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { groupLives, isAlive, ownProcess, processOf, type ProcessTable } from './process.ts';

test('a process is alive under its own identity only', () => {
  const own = ownProcess();
  assert.equal(isAlive(own), true);
  assert.equal(isAlive({ ...own, startTime: '1' }), false, 'a later process under the same pid');
  assert.equal(isAlive({ ...own, bootId: 'another boot' }), false);
  assert.equal(isAlive({ ...own, pid: 4_194_304 + 1 }), false);
});

test('an ended process is dead even while nobody has reaped it', async (t) => {
  // The shell becomes a sleep that never waits for the child it leaves.
  const parent = spawn('/bin/sh', ['-c', 'true & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
  t.after(() => parent.kill('SIGKILL'));
  const [line] = await once(parent.stdout, 'data');
  const pid = Number(String(line).trim());
  for (let i = 0; i < 500 && processOf(pid) !== undefined; i += 1) await new Promise((r) => setTimeout(r, 10));
  assert.equal(processOf(pid), undefined);
});

test('a group lives as long as anything in it, and not in a stranger', async () => {
  const leader = spawn('/bin/sh', ['-c', 'sleep 60 & echo $!; read x'], {
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const [line] = await once(leader.stdout, 'data');
  const id = processOf(Number(leader.pid));
  assert.ok(id);
  assert.equal(groupLives(id), true);
  leader.stdin.end('\n');
  await once(leader, 'exit');
  assert.equal(isAlive(id), false);
  assert.equal(groupLives(id), true, 'the sleep is still in it');
  assert.equal(groupLives({ ...ownProcess(), startTime: '1' }), false, 'the pid is a stranger’s');
  process.kill(Number(String(line).trim()), 'SIGKILL');
  for (let i = 0; i < 500 && groupLives(id); i += 1) await new Promise((r) => setTimeout(r, 10));
  assert.equal(groupLives(id), false);
});

test('on macOS ps and sysctl say when a process started and which boot this is', (t) => {
  const tools = mkdtempSync(join(tmpdir(), 'nixfleet-tools-'));
  t.after(() => rmSync(tools, { recursive: true }));
  const tool = (name: string, text: string): void =>
    writeFileSync(join(tools, name), `#!/bin/sh\n${text}`, { mode: 0o755 });
  tool('sysctl', '[ "$*" = "-n kern.bootsessionuuid" ] && echo 7E5C-BOOT');
  tool(
    'ps',
    `case "$*" in
"-o stat=,lstart= -p 501") echo "Ss   Fri Nov 20 12:00:01 2026" ;;
"-o stat=,lstart= -p 502") echo "Z    Fri Nov 20 12:00:02 2026" ;;
"-axo pgid=,stat=") printf '  501 Ss\\n  777 S+\\n  888 Z\\n' ;;
*) exit 1 ;;
esac`,
  );
  const mac: ProcessTable = { os: 'darwin', env: { PATH: `${tools}:/usr/bin:/bin` } };
  const id = processOf(501, mac);
  assert.deepEqual(id, { pid: 501, startTime: 'Fri Nov 20 12:00:01 2026', bootId: '7E5C-BOOT' });
  assert.equal(isAlive(id, mac), true);
  assert.equal(isAlive({ ...id, startTime: 'Thu Nov 19 12:00:01 2026' }, mac), false);
  assert.equal(processOf(502, mac), undefined, 'a zombie');
  assert.equal(processOf(503, mac), undefined);
  assert.equal(groupLives({ ...id, pid: 777 }, mac), true);
  assert.equal(groupLives({ ...id, pid: 888 }, mac), false);
});
