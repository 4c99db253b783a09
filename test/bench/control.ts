// The control plane and the floor servers as processes of their own, started and ended by the benchmark.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import bcrypt from '@node-rs/bcrypt';
import { CreatedToken, Session } from '@nixfleet/contract/access.ts';
import { pause } from '@nixfleet/kit/backoff.ts';

export type Server = { port: number; pid: number; stop(): Promise<void> };

const root = join(import.meta.dirname, '..', '..');
export const HASH_SECRET = 'bench-agent-token-hash-secret';
const PASSWORD = 'bench password';

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', () => resolve());
  });
}

async function stop(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), 5000);
  await ended(child);
  clearTimeout(killer);
}

export async function startFloor(kind: 'fastify' | 'http'): Promise<Server> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'floor.ts'), kind], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.once('data', (b: Buffer) => resolve(Number(b.toString())));
    child.once('exit', (code) => reject(new Error(`the ${kind} floor ended with ${code}`)));
  });
  return { port, pid: child.pid ?? 0, stop: () => stop(child) };
}

export async function startControl(dataDir: string): Promise<Server & { token: string }> {
  const port = await freePort();
  const child = spawn(process.execPath, [join(root, 'apps/control/src/main.ts')], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      NIXFLEET_PORT: String(port),
      NIXFLEET_DATA_DIR: dataDir,
      NIXFLEET_DEV_MODE: 'true',
      NIXFLEET_PASSWORD_HASH: bcrypt.hashSync(PASSWORD, { cost: 4 }),
      NIXFLEET_SESSION_SECRETS: 'bench-session-secret-1',
      NIXFLEET_AGENT_TOKEN_HASH_SECRET: HASH_SECRET,
      NIXFLEET_API_TOKEN: 'bench-bootstrap-token',
      NIXFLEET_LOG_LEVEL: 'warn',
    },
  });
  const base = `http://127.0.0.1:${port}`;
  await until(10_000, 'control to listen', () => fetch(`${base}/health`).then((r) => r.ok));
  return { port, pid: child.pid ?? 0, stop: () => stop(child), token: await mintToken(base) };
}

async function mintToken(base: string): Promise<string> {
  const signedIn = await fetch(`${base}/api/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ password: PASSWORD }),
  });
  const session = Session.parse(await signedIn.json());
  const cookie = signedIn.headers
    .getSetCookie()
    .map((c) => c.split(';')[0])
    .join('; ');
  const made = await fetch(`${base}/api/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', cookie, 'x-csrf-token': session.csrfToken ?? '' },
    body: JSON.stringify({ name: 'bench' }),
  });
  return CreatedToken.parse(await made.json()).token;
}

/** Resident memory of a process, bytes. */
export const residentBytes = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN) * 1024;

export async function until(ms: number, what: string, condition: () => Promise<boolean> | boolean): Promise<void> {
  const end = performance.now() + ms;
  for (;;) {
    try {
      if (await condition()) return;
    } catch (error) {
      if (performance.now() > end) throw new Error(`waited ${ms} ms for ${what}`, { cause: error });
    }
    if (performance.now() > end) throw new Error(`waited ${ms} ms for ${what}`);
    await pause(20);
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
