// Starting an executor beside the agent: a real process group here, units by their arguments, launchd by stub tools.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { AgentConfig } from '../config.ts';
import type { ExecutorHost } from './context.ts';
import { leave } from './leave.ts';
import { startExecutor, unitArguments } from './start.ts';

const runId = 'run_01900000-0000-7000-8000-000000000001';

function world(t: TestContext, settings: Partial<AgentConfig>, host: Partial<ExecutorHost> = {}) {
  const root = mkdtempSync(join(tmpdir(), 'nixfleet-start-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const tools = join(root, 'tools');
  mkdirSync(tools);
  const folder = join(root, 'runs', runId);
  mkdirSync(folder, { recursive: true });
  const base = { url: 'http://127.0.0.1', hostname: 'web1', platform: 'nixos', user: 'sam', stateDir: root };
  const config = AgentConfig.parse({ ...base, ...settings });
  const env = { PATH: `${tools}:/usr/bin:/bin`, LOG: join(root, 'said'), NIX_PATH: 'a&b', SECRET: 'x' };
  const whole: ExecutorHost = { env, now: () => 0, monotonic: () => 0, os: 'linux', uid: 0, ...host };
  const tool = (name: string): void =>
    writeFileSync(join(tools, name), `#!/bin/sh\necho ${name} "$@" >> "$LOG"\n`, { mode: 0o755 });
  const said = (): string => readFileSync(join(root, 'said'), 'utf8');
  return { root, folder, config, host: whole, tool, said };
}

async function until<T>(look: () => T | undefined): Promise<T> {
  for (let i = 0; i < 1000; i += 1) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('it did not happen in time');
}

const contents = (path: string, pattern: RegExp) => (): RegExpExecArray | undefined =>
  pattern.exec(readFileSync(path, 'utf8')) ?? undefined;

test('a detached executor leads a session of its own and keeps what it prints', async (t) => {
  const { config, folder, host } = world(t, { executor: 'detached' });
  const program = { file: '/bin/sh', args: ['-c', 'echo "$0 $1 $(ps -o sid= -p $$) $$"'] };
  await startExecutor(config, runId, 'execute', program, host);
  const [, mode, dir, session, pid] = await until(contents(join(folder, 'execute.log'), /^(\S+) (\S+) +(\d+) (\d+)\n/));
  assert.deepEqual([mode, dir], ['execute', folder]);
  assert.equal(session, pid);
});

test('each recovery has a log of its own', async (t) => {
  const { config, folder, host } = world(t, { executor: 'detached' });
  const program = { file: '/bin/sh', args: ['-c', 'echo "$0"'] };
  await startExecutor(config, runId, 'recover', program, host);
  await startExecutor(config, runId, 'recover', program, host);
  await until(contents(join(folder, 'recover-1.log'), /^recover\n/));
  await until(contents(join(folder, 'recover-2.log'), /^recover\n/));
});

test('a program that cannot be started is an error, not a silence', async (t) => {
  const { config, host } = world(t, { executor: 'detached' });
  await assert.rejects(
    startExecutor(config, runId, 'execute', { file: '/no/such', args: [] }, host),
    /could not start/,
  );
});

test('a unit is neither a scope nor a pipe, and is shown nothing secret', (t) => {
  const { host, folder } = world(t, {});
  const start = { name: runId, log: '/l', argv: ['/n', 'main.ts', 'execute', folder], host, root: folder };
  const args = unitArguments(start);
  assert.deepEqual(args.slice(0, 4), ['--unit', `nixfleet-run-${runId}`, '--collect', '--property=Type=exec']);
  assert.deepEqual(args.slice(args.indexOf('--') + 1), start.argv);
  assert.equal(
    args.some((a) => /scope|pipe|SECRET/.test(a)),
    false,
  );
  assert.ok(args.includes('--setenv=NIX_PATH=a&b'));
  assert.equal(unitArguments({ ...start, host: { ...host, uid: 1000 } })[0], '--user');
});

test('on macOS a one-shot job is made under its own label, and takes it away when it ends', async (t) => {
  const { config, folder, host, tool, said } = world(t, { executor: 'auto' }, { os: 'darwin', uid: 501 });
  tool('launchctl');
  await startExecutor(config, runId, 'execute', { file: '/bin/agent', args: ['<x>'] }, host);
  const plist = join(folder, `${runId}.plist`);
  assert.equal(said(), `launchctl bootstrap gui/501 ${plist}\n`);
  const text = readFileSync(plist, 'utf8');
  assert.match(text, new RegExp(`<key>Label</key><string>org.nixfleet.run.${runId}</string>`));
  assert.match(text, /<array><string>\/bin\/agent<\/string><string>&lt;x&gt;<\/string><string>execute<\/string>/);
  assert.match(text, /<key>NIX_PATH<\/key><string>a&amp;b<\/string>/);
  assert.equal(text.includes('SECRET'), false);
  await leave({ ...host, env: { ...host.env, XPC_SERVICE_NAME: `org.nixfleet.run.${runId}` } });
  assert.match(said(), new RegExp(`launchctl bootout gui/501/org.nixfleet.run.${runId}\n$`));
});
