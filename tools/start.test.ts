// `npm start` without Nix: what it says, and that it leaves nothing behind. With hosts it is test/fleet.test.ts.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { killGroup } from '@nixfleet/kit/command.ts';
import { findProgram } from './system-packages.ts';

type Started = {
  child: ChildProcess;
  said: () => string;
  ended: Promise<number | null>;
  hears: (text: RegExp) => Promise<string>;
};

/** A data folder and a PATH with git and nothing else: nothing can be installed and there is no Nix. */
function world(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'nixfleet-start-'));
  const [data, path] = [join(folder, 'data'), join(folder, 'bin')];
  mkdirSync(path);
  symlinkSync(findProgram('git', process.env['PATH'] ?? '') ?? 'git', join(path, 'git'));
  const children: ChildProcess[] = [];
  t.after(async () => {
    for (const child of children) {
      if (child.exitCode !== null || child.pid === undefined) continue;
      child.kill('SIGTERM');
      await once(child, 'exit', { signal: AbortSignal.timeout(30_000) }).catch(() =>
        killGroup(child.pid ?? 0, 'SIGKILL'),
      );
    }
    rmSync(folder, { recursive: true });
  });
  const start = (port: number): Started => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'start.ts'), '--port', String(port)], {
      env: { ...process.env, PATH: path, NIXFLEET_DEMO_DATA: data, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    children.push(child);
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (part: string) => (text += part));
    const ended = once(child, 'close').then(() => child.exitCode);
    const hears = async (wanted: RegExp): Promise<string> => {
      const deadline = AbortSignal.timeout(90_000);
      for (;;) {
        const found = wanted.exec(text);
        if (found) return found[1] ?? found[0];
        assert.ok(child.exitCode === null && !deadline.aborted, `waited for ${wanted}, heard:\n${text}`);
        await Promise.race([once(child.stdout, 'data', { signal: deadline }), ended]).catch(() => undefined);
      }
    };
    return { child, said: () => text, ended, hears };
  };
  return { data, start };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A TCP server's address is an object.
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

test('without Nix it says what to install, serves, refuses a second start, stops and starts again on the same data', async (t) => {
  const { data, start } = world(t);
  const port = await freePort();
  const first = start(port);
  const password = await first.hears(/Password: (\S+)/);
  assert.match(first.said(), /nix is missing: install Nix 2\.8/);
  assert.equal((await fetch(`http://127.0.0.1:${port}/health`)).status, 200);
  assert.equal(statSync(join(data, 'demo.json')).mode & 0o777, 0o600);

  const second = start(await freePort());
  assert.equal(await second.ended, 1);
  assert.match(second.said(), /runs already \(process \d+\): stop that one first/);

  first.child.kill('SIGINT');
  assert.equal(await first.ended, 0);
  await assert.rejects(fetch(`http://127.0.0.1:${port}/health`));
  assert.deepEqual(readdirSync(join(data, 'services')), ['control.log'], 'no process is marked as running');

  const third = start(port);
  assert.equal(await third.hears(/Password: (\S+)/), password);
  third.child.kill('SIGTERM');
  assert.equal(await third.ended, 0);
});

test('a port that is taken is refused with the next step', async (t) => {
  const { start } = world(t);
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const started = start(port);
  assert.equal(await started.ended, 1);
  assert.match(started.said(), new RegExp(`port ${port} is taken by another program.*--port ${port + 1}`));
});
