// The world of the whole-loop tests: the sample fleet as real processes in a folder of its own, an operator who is signed
// in, and what the hosts really run, read from their own files.
import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JournalEntry } from '@nixfleet/contract/journal.ts';
import { pause } from '@nixfleet/kit/backoff.ts';
import { runCommand } from '@nixfleet/kit/command.ts';
import { type Fleet, type FleetOptions, type Member, startFleet } from '../../apps/control/demo/fleet.ts';
import type { SampleHostName } from '../../apps/control/demo/hosts.ts';
import { openSecrets, type Secrets } from '../../apps/control/demo/secrets.ts';
import { type Operator, signIn } from './operator.ts';

export type World = {
  folder: string;
  fleet: Fleet;
  secrets: Secrets;
  operator: Operator;
  member(name: SampleHostName): Member;
  /** Starts the whole fleet again on the same folder. */
  restart(): Promise<void>;
  close(): Promise<void>;
};

export type WorldOptions = Partial<Pick<FleetOptions, 'confirmMs' | 'intervalMs' | 'control' | 'only'>>;

export async function makeWorld(options: WorldOptions = {}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'nixfleet-loop-'));
  const secrets = await openSecrets(join(folder, 'demo.json'));
  const port = await freePort();
  const begin = (): Promise<Fleet> =>
    startFleet({
      folder,
      port,
      secrets,
      env: process.env,
      pace: '0',
      confirmMs: 4000,
      intervalMs: 1000,
      fetchEveryMs: 60_000,
      withHosts: true,
      step: (_what, work) => work(),
      ...options,
    });
  let fleet = await begin();
  const operator = await signIn(fleet.url, secrets.password);
  return {
    folder,
    secrets,
    operator,
    get fleet() {
      return fleet;
    },
    member(name) {
      const found = fleet.hosts[name];
      if (!found) throw new Error(`the fleet has no ${name}`);
      return found;
    },
    async restart() {
      await fleet.stop();
      fleet = await begin();
    },
    async close() {
      await fleet.stop();
      // Nix makes its store read-only.
      await runCommand('chmod', ['-R', 'u+w', folder], { deadlineMs: 60_000 });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What a host really runs, whatever anybody says of it. */
export function truth({ machine }: Member): { running: string; profile: string; network: string } {
  const network = join(machine.root, 'etc/network');
  return {
    running: readlinkSync(join(machine.root, machine.host.current)),
    profile: readLinks(join(machine.root, machine.host.profile)),
    network: existsSync(network) ? readFileSync(network, 'utf8').trim() : 'network=up',
  };
}

function readLinks(path: string): string {
  const to = readlinkSync(path);
  return to.startsWith('/') ? to : readLinks(join(path, '..', to));
}

/** The journal as it lies on the host, whole lines only; empty while there is none. */
export function hostJournal({ machine }: Member, runId: string): JournalEntry[] {
  const file = join(machine.stateDir, 'runs', runId, 'journal.jsonl');
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.filter((l) => l !== '').map((l) => JournalEntry.parse(JSON.parse(l)));
}

/** Waits until `condition` gives something; the deadline's error says what for. */
export async function until<T>(
  ms: number,
  what: string,
  condition: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  const end = performance.now() + ms;
  for (;;) {
    const found = await condition();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new Error(`waited ${ms} ms for ${what}`);
    await pause(10);
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      // A listening TCP server has an address object.
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
