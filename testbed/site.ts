// The place machines stand in: a network namespace with a switch (a bridge), mounts that nobody else sees, and a control
// group for every program. What runs here ends with the test, even when the test is killed.
//
// INVARIANTS:
// - The holder is the first process of the site's process namespace and lives while its stdin, our pipe, is open.
// - Mounts are made in the holder's mount namespace: a machine that loses its power does not take its disk's cache with it.
// - Nothing here has a route to any address but those on the switch.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandOutput } from '@nixfleet/kit/command.ts';
import { cgroupMount, killCgroup, makeCgroup, pidsOf, removeCgroup } from './cgroup.ts';
import { type Service, startService } from './service.ts';
import { until } from './until.ts';

/** Our side of the switch: where machines find the control plane and the repositories. */
export const GATEWAY = '10.99.0.1';
export const BRIDGE = 'br0';

export type Site = {
  /** A temporary folder of this computer, gone after `close`. */
  folder: string;
  /** Where this process sees `path` as the site sees it, with the disks that are mounted only there. */
  seen(path: string): string;
  /** Runs a program in the site to its end and gives its stdout; throws when it fails. */
  output(file: string, args: readonly string[]): Promise<string>;
  /** Starts a program in the site under a name of its own; its output goes to `<folder>/<name>.log`. */
  start(name: string, file: string, args: readonly string[], env?: NodeJS.ProcessEnv): Service;
  close(): Promise<void>;
};

const setUp = [
  'set -e',
  'ip link set lo up',
  `ip link add ${BRIDGE} type bridge`,
  `ip addr add ${GATEWAY}/24 dev ${BRIDGE}`,
  `ip link set ${BRIDGE} up`,
  'echo ready',
  'exec cat',
].join('\n');

export async function openSite(): Promise<Site> {
  const mount = cgroupMount();
  if (mount === undefined) throw new Error('control groups version 2 are not mounted');
  const folder = mkdtempSync(join(tmpdir(), 'nixfleet-site-'));
  const cgroup = makeCgroup(join(mount, `nixfleet-${randomBytes(6).toString('hex')}`));
  const namespaces = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const outer = startService({
    cgroup: join(cgroup, 'site'),
    file: 'unshare',
    args: [...namespaces, 'sh', '-c', setUp],
    log: join(folder, 'site.log'),
    stdin: 'pipe',
  });
  const close = async (): Promise<void> => {
    await killCgroup(cgroup);
    await outer.kill();
    removeCgroup(cgroup);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const holder = await until(
      () => {
        const said = readFileSync(outer.log, 'utf8');
        if (!outer.running()) throw new Error(`the site could not be set up: ${said}`);
        return said.includes('ready\n') && pidsOf(outer.cgroup).find((pid) => pid !== outer.child.pid);
      },
      { what: 'the site', deadlineMs: 10_000 },
    );
    return { folder, close, ...entry({ folder, cgroup, holder }) };
  } catch (error) {
    await close();
    throw error;
  }
}

type Place = { folder: string; cgroup: string; holder: number };

function entry({ folder, cgroup, holder }: Place): Pick<Site, 'seen' | 'output' | 'start'> {
  const enter = ['--target', String(holder), '--mount', '--net', '--pid'];
  return {
    seen: (path) => `/proc/${holder}/root${path}`,
    output: (file, args) => commandOutput('nsenter', [...enter, file, ...args], { deadlineMs: 60_000 }),
    start: (name, file, args, env) =>
      startService({
        cgroup: join(cgroup, name),
        file: 'nsenter',
        args: [...enter, file, ...args],
        log: join(folder, `${name}.log`),
        ...(env === undefined ? {} : { env }),
      }),
  };
}
