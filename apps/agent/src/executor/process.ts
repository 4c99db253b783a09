// The identity of a process. A pid comes back after a reboot or a wrap-around, so it is named together with the time the
// kernel says it started and the boot it belongs to.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { readFileIfPresent } from '@nixfleet/kit/atomic-file.ts';
import type { ProcessId } from '../state/documents.ts';

/** Where processes are looked up: /proc on Linux, ps(1) and sysctl(8) elsewhere. */
export type ProcessTable = { os: NodeJS.Platform; env?: Record<string, string> };

const here = (): ProcessTable => ({ os: process.platform });
/** ps(1) and sysctl(8) answer in milliseconds; a system on which they hang has nothing to tell us. */
const DEADLINE_MS = 5000;

export function bootId(table: ProcessTable = here()): string | null {
  if (table.os === 'linux') return readFileIfPresent('/proc/sys/kernel/random/boot_id')?.trim() ?? null;
  return ask(table, 'sysctl', ['-n', 'kern.bootsessionuuid']) ?? null;
}

/** The process with this pid, or undefined where there is none or it has ended and only waits to be reaped. */
export function processOf(pid: number, table: ProcessTable = here()): ProcessId | undefined {
  const startTime = table.os === 'linux' ? linuxStart(pid) : bsdStart(pid, table);
  return startTime === undefined ? undefined : { pid, startTime, bootId: bootId(table) };
}

export function ownProcess(table: ProcessTable = here()): ProcessId {
  const own = processOf(process.pid, table);
  if (!own) throw new Error('this process does not find itself in the process table');
  return own;
}

export function isAlive(id: ProcessId, table: ProcessTable = here()): boolean {
  const found = processOf(id.pid, table);
  return found !== undefined && found.startTime === id.startTime && found.bootId === id.bootId;
}

/**
 * Whether anything lives in the process group this leader made. A group outlives its leader, and its number is given to
 * nobody else while it does: a stranger under the leader's pid means that the group is gone.
 */
export function groupLives(leader: ProcessId, table: ProcessTable = here()): boolean {
  if (leader.bootId !== bootId(table)) return false;
  const found = processOf(leader.pid, table);
  if (found && found.startTime !== leader.startTime) return false;
  return membersOf(leader.pid, table).some((state) => !/^[ZX]/.test(state));
}

/** The states of a group's processes. */
function membersOf(group: number, table: ProcessTable): string[] {
  if (table.os !== 'linux')
    return (ask(table, 'ps', ['-axo', 'pgid=,stat=']) ?? '').split('\n').flatMap((line) => {
      const [pgid, state] = line.trim().split(/\s+/);
      return Number(pgid) === group && state !== undefined ? [state] : [];
    });
  return readdirSync('/proc').flatMap((name) => {
    const [state, , pgid] = /^\d+$/.test(name) ? (linuxFields(Number(name)) ?? []) : [];
    return Number(pgid) === group && state !== undefined ? [state] : [];
  });
}

/** Field 22 of proc_pid_stat(5), in clock ticks since boot. */
function linuxStart(pid: number): string | undefined {
  const fields = linuxFields(pid);
  return fields?.[0] === 'Z' || fields?.[0] === 'X' ? undefined : fields?.[19];
}

/** The fields of proc_pid_stat(5) from the third on. The name in the second may hold anything, also `) `. */
function linuxFields(pid: number): string[] | undefined {
  try {
    const stat = readFileIfPresent(`/proc/${pid}/stat`);
    return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    // ESRCH: it ended between open and read.
    return undefined;
  }
}

function bsdStart(pid: number, table: ProcessTable): string | undefined {
  const line = ask(table, 'ps', ['-o', 'stat=,lstart=', '-p', String(pid)]);
  const [, state, start] = /^(\S+)\s+(.+)$/.exec(line ?? '') ?? [];
  return state?.startsWith('Z') ? undefined : start;
}

function ask({ env }: ProcessTable, file: string, args: string[]): string | undefined {
  try {
    const text = execFileSync(file, args, {
      encoding: 'utf8',
      timeout: DEADLINE_MS,
      stdio: ['ignore', 'pipe', 'ignore'],
      ...(env ? { env } : {}),
    }).trim();
    return text === '' ? undefined : text;
  } catch {
    // Exit status 1 of ps(1): no such process.
    return undefined;
  }
}
