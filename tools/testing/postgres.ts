// A PostgreSQL cluster for one run of the tests: in a temporary folder, on a unix socket only, without durability, gone
// at the end. The server refuses to run as root, so as root it runs as `postgres` or `nobody`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, closeSync, mkdtempSync, openSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readFileIfPresent } from '@nixfleet/kit/atomic-file.ts';
import { commandOutput, runCommand } from '@nixfleet/kit/command.ts';

export type Postgres = { url: string; stop: () => Promise<void> };

/** Ids of the user the server runs as, from /etc/passwd; undefined when we are not root and may run it ourselves. */
function serverUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const entry = /^(?:postgres|nobody):[^:]*:(\d+):(\d+):/m.exec(readFileIfPresent('/etc/passwd') ?? '');
  if (!entry)
    throw new Error('PostgreSQL does not run as root, and this machine has neither a user postgres nor nobody');
  return { uid: Number(entry[1]), gid: Number(entry[2]) };
}

/** Starts a cluster with the programs beside `initdb`; its superuser is `test`. */
export async function startPostgres(initdb: string): Promise<Postgres> {
  const root = mkdtempSync(join(tmpdir(), 'nixfleet-pg-'));
  const programs = dirname(realpathSync(initdb));
  const user = serverUser();
  if (user) chownSync(root, user.uid, user.gid);
  const as = user ? ['setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'] : ['env'];
  const [first = 'env', ...asArgs] = as;
  const folder = join(root, 'cluster');
  const log = join(root, 'log');
  try {
    await commandOutput(
      first,
      [...asArgs, initdb, '-D', folder, '-U', 'test', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
      { deadlineMs: 60_000, cwd: root },
    );
    const output = openSync(log, 'a');
    const server = spawn(
      first,
      [...asArgs, join(programs, 'postgres'), '-D', folder, '-k', root, ...settings.flatMap((s) => ['-c', s])],
      { cwd: root, stdio: ['ignore', output, output], detached: true },
    );
    closeSync(output);
    const ended = once(server, 'exit');
    const stop = async (): Promise<void> => {
      // SIGINT is the fast shutdown: open sessions are ended.
      server.kill('SIGINT');
      const inTime = await Promise.race([ended.then(() => true), delay(10_000, false, { ref: false })]);
      if (!inTime) server.kill('SIGKILL');
      rmSync(root, { recursive: true, force: true });
    };
    await ready(join(programs, 'pg_isready'), root, ended).catch(async (cause: unknown) => {
      const said = readFileSync(log, 'utf8').slice(-2000);
      await stop();
      throw new Error(`the server said: ${said}`, { cause });
    });
    return { url: `postgres://test@localhost/postgres?host=${encodeURIComponent(root)}`, stop };
  } catch (cause) {
    rmSync(root, { recursive: true, force: true });
    throw new Error('could not start PostgreSQL for the tests', { cause });
  }
}

const settings = [
  'listen_addresses=',
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'max_connections=200',
  'shared_buffers=32MB',
];

async function ready(isReady: string, socket: string, ended: Promise<unknown>): Promise<void> {
  let gone = false;
  void ended.then(() => (gone = true));
  const deadline = Date.now() + 30_000;
  for (;;) {
    const asked = await runCommand(isReady, ['-q', '-h', socket, '-U', 'test'], { deadlineMs: 5000 });
    if (asked.code === 0) return;
    if (gone) throw new Error('the PostgreSQL server ended before it was ready');
    if (Date.now() > deadline) throw new Error('the PostgreSQL server was not ready within 30 s');
    await delay(50);
  }
}
