// The program as a process: its commands, its exit codes, its end, and what it keeps across a crash.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { hashSync } from '@node-rs/bcrypt';
import { CreatedToken, CSRF_HEADER, Session } from '@nixfleet/contract/access.ts';
import { runCommand } from '@nixfleet/kit/command.ts';
import { childEnvironment } from './config.ts';

const program = join(import.meta.dirname, 'main.ts');
const PASSWORD = 'a password';

type Settings = { folder: string; env: Record<string, string> };

function newSettings(t: TestContext): Settings {
  const folder = mkdtempSync(join(tmpdir(), 'nixfleet-main-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const env = {
    ...childEnvironment(),
    NIXFLEET_DATA_DIR: join(folder, 'data'),
    NIXFLEET_DEV_MODE: 'true',
    NIXFLEET_PORT: '0',
    NIXFLEET_PASSWORD_HASH: hashSync(PASSWORD, { cost: 4 }),
  };
  return { folder, env };
}

const run = (args: string[], env: Record<string, string>) =>
  runCommand(process.execPath, [program, ...args], { env, deadlineMs: 30_000 });

/** Starts it and waits until it listens. */
async function start(t: TestContext, env: Record<string, string>): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [program], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stderr });
  for await (const line of lines) {
    const { msg, url } = JSON.parse(line) as { msg?: string; url?: string };
    if (msg === 'listening' && url !== undefined) return { child, url };
  }
  throw new Error('it ended before it listened');
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null> {
  const ended = once(child, 'exit');
  child.kill(signal);
  const [code, by] = (await ended) as [number | null, NodeJS.Signals | null];
  return code ?? by;
}

test('version, help, unknown flags and commands', async () => {
  const env = childEnvironment();
  assert.match((await run(['--version'], env)).stdout, /^nixfleet-control \d+\.\d+\.\d+\n$/);
  const help = await run(['--help'], env);
  assert.match(help.stdout, /--data-dir/);
  assert.equal(help.code, 0);
  assert.equal((await run(['--no-such-flag'], env)).code, 78);
  const unknown = await run(['dance'], env);
  assert.deepEqual([unknown.code, /known: serve, migrate, openapi/.test(unknown.stderr)], [78, true]);
});

test('a bad configuration ends with 78 and every problem', async (t) => {
  const { env } = newSettings(t);
  const { code, stderr } = await run([], {
    ...env,
    NIXFLEET_PORT: 'x',
    NIXFLEET_LOG_LEVEL: 'loud',
    NIXFLEET_DEV_MODE: '2',
  });
  assert.equal(code, 78);
  for (const key of ['port', 'logLevel', 'devMode']) assert.match(stderr, new RegExp(`^  ${key}: `, 'm'));
});

test('migrate brings a database to the newest schema, once', async (t) => {
  const { env } = newSettings(t);
  const first = await run(['migrate'], env);
  assert.deepEqual([first.code, first.stdout], [0, '0001-core\n'], first.stderr);
  assert.equal((await run(['migrate'], env)).stdout, 'nothing to do\n');
});

test('a port that is taken is said so', async (t) => {
  const { env } = newSettings(t);
  const other = createServer().listen(0, '127.0.0.1');
  t.after(() => other.close());
  await once(other, 'listening');
  const address = other.address();
  const port = typeof address === 'object' && address ? String(address.port) : '';
  const { code, stderr } = await run(['--port', port], env);
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`cannot listen on 127\\.0\\.0\\.1:${port}: another program listens there`));
});

test('SIGTERM ends it with 0, although a request is held and a stream is open', async (t) => {
  const { env } = newSettings(t);
  const { child, url } = await start(t, env);
  const { headers } = await signIn(url);
  const stream = await fetch(`${url}/api/events`, { headers });
  const reading = stream.text();
  assert.equal(await end(child, 'SIGTERM'), 0);
  assert.match(await reading, /^id: \d+\nevent: connected\n/);
});

test('what was promised survives SIGKILL: sessions, tokens and generated secrets', async (t) => {
  const { env, folder } = newSettings(t);
  const first = await start(t, env);
  const { headers } = await signIn(first.url);
  const created = await fetch(`${first.url}/api/tokens`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'laptop' }),
  });
  const { token } = CreatedToken.parse(await created.json());
  assert.equal(await end(first.child, 'SIGKILL'), 'SIGKILL');
  assert.equal(statSync(join(folder, 'data/secrets.json')).mode & 0o777, 0o600);
  assert.equal(statSync(join(folder, 'data/control.db')).mode & 0o077, 0);

  const { url, child } = await start(t, env);
  const session = await fetch(`${url}/api/session`, { headers });
  assert.equal(Session.parse(await session.json()).actor, 'admin');
  const laptop = await fetch(`${url}/api/session`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(Session.parse(await laptop.json()).actor, 'token:laptop');
  assert.equal(await end(child, 'SIGINT'), 0);
});

async function signIn(url: string): Promise<{ headers: Record<string, string> }> {
  const answer = await fetch(`${url}/api/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ password: PASSWORD }),
  });
  const { csrfToken } = Session.parse(await answer.json());
  const [cookie = ''] = (answer.headers.get('set-cookie') ?? '').split(';');
  return { headers: { cookie, [CSRF_HEADER]: csrfToken ?? '' } };
}
