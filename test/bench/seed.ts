// A database with many enrolled hosts, written straight into a new SQLite file before control starts: enrolling thousands
// over HTTP would measure signatures, not the fleet.
import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { v7 } from 'uuid';
import { openDatabase } from '../../apps/control/src/db/database.ts';
import { migrate } from '../../apps/control/src/db/migrate.ts';

export type SeededHost = { id: string; name: string; token: string };

const BATCH = 200;

export async function seedHosts(o: {
  dataDir: string;
  hashSecret: string;
  count: number;
  now: number;
}): Promise<SeededHost[]> {
  const opened = openDatabase({ file: join(o.dataDir, 'control.db') });
  await migrate(opened);
  const hosts = Array.from({ length: o.count }, (_, n): SeededHost => {
    const id = `host_${v7()}`;
    return { id, name: `host-${String(n).padStart(5, '0')}`, token: `bench-${id}` };
  });
  const targetId = `target_${v7()}`;
  await opened.db.insertInto('targets').values(targetRow(targetId, o.now)).execute();
  await opened.db.insertInto('commits').values(commitRow(targetId, o.now)).execute();
  for (let from = 0; from < hosts.length; from += BATCH) {
    const batch = hosts.slice(from, from + BATCH);
    await opened.db.transaction().execute(async (tx) => {
      await tx
        .insertInto('hosts')
        .values(batch.map((h) => hostRow(h, targetId, o.now)))
        .execute();
      await tx
        .insertInto('facts')
        .values(batch.flatMap((h) => factRows(h, o.now)))
        .execute();
      await tx
        .insertInto('agent_tokens')
        .values(
          batch.map((h) => ({
            id: `token_${v7()}`,
            host_id: h.id,
            hash: createHmac('sha256', o.hashSecret).update(h.token).digest('hex'),
            created_at: o.now,
            used_at: o.now,
            rotating: 0,
            origin: 'enrol',
            next_of: null,
            revoked_at: null,
          })),
        )
        .execute();
    });
  }
  await opened.db.destroy();
  return hosts;
}

const head = '0'.repeat(40);

const targetRow = (id: string, now: number) => ({
  id,
  name: 'bench',
  url: 'file:///nowhere/bench.git',
  branch: 'main',
  head,
  fetched_at: now,
  error: null,
  created_at: now,
});

const commitRow = (targetId: string, now: number) => ({
  target_id: targetId,
  commit: head,
  position: 0,
  subject: 'web: newer packages',
  author: 'Bench',
  at: now,
  signature: 'unknown',
  signer: null,
});

const hostRow = (h: SeededHost, targetId: string, now: number) => ({
  id: h.id,
  name: h.name,
  platform: 'nixos',
  agent_kind: 'native',
  public_key: h.id,
  protocol: 2,
  agent_version: '0.1.0',
  capabilities: JSON.stringify(['pull', 'switch', 'pull-switch', 'test', 'plan', 'rollback', 'restart', 'update']),
  attribute: `nixosConfigurations.${h.name}.config.system.build.toplevel`,
  repository: null,
  target_id: targetId,
  interval_ms: 55_000,
  reported: JSON.stringify({ location: 'home', deviceType: 'server' }),
  edited: '{}',
  last_seen_at: now,
  enrolled_at: now,
  created_at: now,
  retired_at: null,
  instance: null,
  legacy: null,
});

const storePath = (n: number): string =>
  `/nix/store/${'0123456789abcdfghijklmnpqrsvwxyz'.repeat(1).slice(0, 32)}-system-${n}`;

function factRows(h: SeededHost, now: number) {
  const row = (section: string, value: unknown) => ({
    host_id: h.id,
    section,
    observed_at: now,
    value: JSON.stringify(value),
  });
  return [
    row('system', {
      osName: 'NixOS',
      osVersion: '26.05',
      kernel: '6.18.1',
      nixpkgs: null,
      bootId: null,
      running: storePath(1),
      booted: storePath(1),
      profile: storePath(1),
      generation: 41,
      commit: head,
      rebootNeeded: false,
      generations: Array.from({ length: 5 }, (_, n) => ({
        number: 37 + n,
        storePath: storePath(n),
        at: now,
        current: n === 4,
        commit: null,
      })),
    }),
    row('metrics', { cpu: 7, ram: 41, swap: 0, load: 0.42, source: 'native' }),
  ];
}
