// Whether machines can be made here, and if not, what is missing and what to do about it.
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { cgroupMount } from './cgroup.ts';
import type { Surroundings } from './config.ts';
import { hostPackages } from './packages.ts';

const isOn = (path: string, program: string): boolean =>
  [...path.split(delimiter), '/usr/sbin', '/sbin'].some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return folder !== '';
    } catch {
      // Not in this folder, or not for us to run.
      return false;
    }
  });

/** Each thing that is missing, as a sentence; none: everything is there. */
export function missing(path: string): string[] {
  if (process.platform !== 'linux') return ['machines run on Linux only (systemd-nspawn)'];
  const lines: string[] = [];
  if (process.getuid?.() !== 0) lines.push('only root can make machines: run the tests as root');
  if (cgroupMount() === undefined) lines.push('control groups version 2 are not mounted below /sys/fs/cgroup');
  const filesystems = readFileSync('/proc/filesystems', 'utf8');
  for (const needed of ['overlay', 'ext4'])
    if (!new RegExp(`\\t${needed}$`, 'm').test(filesystems)) lines.push(`this kernel has no ${needed} file system`);
  if (!existsSync('/dev/loop-control')) lines.push('this kernel has no loop devices');
  const absent = Object.entries(hostPackages).filter(([program]) => !isOn(path, program));
  if (absent.length > 0)
    lines.push(
      `missing ${absent.map(([program]) => program).join(', ')}: apt-get install ${[...new Set(absent.map(([, name]) => name))].join(' ')}`,
    );
  return lines;
}

/** What a suite of machine tests gives node:test as `skip`: false where it can run. Where nothing may be left out it throws. */
export function skipReason({ path, strict }: Surroundings): string | false {
  const lines = missing(path);
  if (lines.length === 0) return false;
  if (strict) throw new Error(`the machine ring cannot run: ${lines.join('; ')}`);
  return lines.join('; ');
}
