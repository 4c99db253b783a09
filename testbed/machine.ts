// A machine: Debian with systemd as its first process, in systemd-nspawn, on a disk of its own, on the site's switch. It can
// be booted, used, unplugged, lose its power at any instant, and be booted again on what its disk then holds.
import { mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isErrno } from '@nixfleet/kit/atomic-file.ts';
import { type CommandResult, runCommand } from '@nixfleet/kit/command.ts';
import { makeCgroup, pidsOf } from './cgroup.ts';
import { makeDisk } from './disk.ts';
import { bootCommand, cableOf, enterCommand } from './nspawn.ts';
import { type Service, signalPid } from './service.ts';
import { GATEWAY, type Site } from './site.ts';
import { until } from './until.ts';

export type Machine = {
  name: string;
  boot(): Promise<void>;
  /** Runs a program inside to its end. A non-zero exit is a result. */
  run(...command: string[]): Promise<CommandResult>;
  /** Runs a line of shell inside, and gives its stdout; throws when it fails. */
  sh(script: string): Promise<string>;
  /** A file's text, or undefined; no part of the path may be an absolute link. */
  read(path: string): string | undefined;
  readlink(path: string): string | undefined;
  write(path: string, text: string, mode?: number): void;
  /** Makes a symbolic link at `path`. */
  link(target: string, path: string): void;
  /** Processes of a unit of the system, as this computer numbers them. */
  pidsOfUnit(unit: string): number[];
  /** Sends a signal straight to a unit's processes: its systemd is not asked. Returns how many there were. */
  kill(unit: string, signal?: NodeJS.Signals): number;
  /** Pulls and plugs the network cable. */
  unplug(): Promise<void>;
  plug(): Promise<void>;
  /** Asks its systemd to end everything in order. */
  shutDown(): Promise<void>;
  /** Every process dies at once, and what was not synced to disk is lost. */
  cutPower(): Promise<void>;
};

export type MachineOptions = {
  site: Site;
  name: string;
  /** The shared root, see root.ts. */
  base: string;
  /** Its address on the switch. */
  address: string;
  diskMebibytes?: number;
  /** Folders and files of this computer, readable inside: path inside → path here. */
  shared?: Record<string, string>;
};

export async function makeMachine(options: MachineOptions): Promise<Machine> {
  const { site, name, address, shared = {} } = options;
  const folder = join(site.folder, name);
  mkdirSync(folder);
  const disk = await makeDisk({ site, folder, base: options.base, mebibytes: options.diskMebibytes ?? 1024 });
  const cable = cableOf(name);
  let boots = 0;
  let power: Service | undefined;
  let leader = 0;

  const on = (): Service => {
    if (power === undefined) throw new Error(`${name} is off`);
    return power;
  };
  const payload = (): string => join(on().cgroup, 'payload');
  const within = (path: string): string => (power ? `/proc/${leader}/root${path}` : site.seen(join(disk.root, path)));

  const run = (...command: string[]): Promise<CommandResult> =>
    runCommand('sh', enterCommand(leader, makeCgroup(join(payload(), 'entered')), command), { deadlineMs: 60_000 });
  const write = (path: string, text: string, mode = 0o644): void => {
    mkdirSync(dirname(within(path)), { recursive: true });
    writeFileSync(within(path), text, { mode });
  };
  const link = (target: string, path: string): void => {
    mkdirSync(dirname(within(path)), { recursive: true });
    symlinkSync(target, within(path));
  };
  const pidsOfUnit = (unit: string): number[] => pidsOf(join(payload(), 'system.slice', unit));
  const setCable = (state: 'up' | 'down'): Promise<string> => site.output('ip', ['link', 'set', cable, state]);

  /** Connections that died with unsent data keep the old network alive for minutes, and with it the cable's name. */
  const removeCable = (): Promise<string> =>
    site.output('sh', ['-c', `! ip link show ${cable} || ip link delete ${cable}`]);

  await disk.mount();
  write('/etc/hostname', `${name}\n`);
  write('/etc/hosts', `127.0.0.1 localhost ${name}\n::1 localhost\n`);
  write('/etc/machine-id', `${Buffer.from(name.padEnd(16, '0')).toString('hex').slice(0, 32)}\n`);
  write('/etc/systemd/network/10-host0.network', networkOf(address));

  return {
    name,
    run,
    write,
    link,
    pidsOfUnit,
    async boot() {
      // Whatever was put on the disk while it was off is on it.
      await site.output('sync', ['--file-system', disk.root]);
      boots += 1;
      power = site.start(`${name}-${boots}`, 'unshare', bootCommand({ name, root: disk.root, shared }));
      const { cgroup } = power;
      leader = await until(
        () => {
          if (!on().running()) throw new Error(`${name} did not boot:\n${readFileSync(on().log, 'utf8')}`);
          return pidsOf(join(cgroup, 'payload/init.scope'))[0];
        },
        { what: `the first process of ${name}`, deadlineMs: 20_000 },
      );
      await until(async () => /^(running|degraded)$/m.test((await run('systemctl', 'is-system-running')).stdout), {
        what: `the boot of ${name}`,
        deadlineMs: 60_000,
        everyMs: 100,
      });
    },
    async sh(script) {
      const { code, stdout, stderr } = await run('sh', '-ec', script);
      if (code !== 0) throw new Error(`${name}: ${script} ended with ${code}:\n${stderr.trim()}`);
      return stdout;
    },
    read: (path) => absentIsUndefined(() => readFileSync(within(path), 'utf8')),
    readlink: (path) => absentIsUndefined(() => readlinkSync(within(path))),
    kill(unit, signal = 'SIGKILL') {
      const pids = pidsOfUnit(unit);
      for (const pid of pids) signalPid(pid, signal);
      return pids.length;
    },
    unplug: async () => void (await setCable('down')),
    plug: async () => void (await setCable('up')),
    async shutDown() {
      await run('systemctl', 'poweroff');
      await until(() => !on().running(), { what: `the orderly end of ${name}`, deadlineMs: 120_000 });
      await on().kill();
      power = undefined;
      await removeCable();
    },
    async cutPower() {
      await on().kill();
      await removeCable();
      power = undefined;
      await disk.cutPower();
    },
  };
}

const networkOf = (address: string): string =>
  [
    '[Match]',
    'Name=host0',
    '[Network]',
    `Address=${address}/24`,
    `Gateway=${GATEWAY}`,
    'LinkLocalAddressing=no',
    'IPv6AcceptRA=no',
    '',
  ].join('\n');

function absentIsUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EINVAL', 'ESRCH')) return undefined;
    throw error;
  }
}
