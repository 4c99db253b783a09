// How a machine is started and entered: systemd-nspawn in namespaces of its own, below a control group of its own.
import { BRIDGE } from './site.ts';

export type Booted = {
  name: string;
  /** The folder that is its whole file system. */
  root: string;
  /** Folders and files of this computer, readable inside: path inside → path here. */
  shared: Record<string, string>;
};

const namespaces = ['--mount', '--cgroup', '--pid', '--fork', '--kill-child', '--mount-proc'];

/** What nspawn wants to find around it: a tree of control groups that begins at its own, and a /run to write in. */
const prepare = [
  'set -e',
  'umount -R /sys/fs/cgroup',
  'mount -t cgroup2 cgroup2 /sys/fs/cgroup',
  'mount -t tmpfs tmpfs /run',
  'mkdir -p /run/systemd /run/lock',
  'exec "$@"',
].join('\n');

/** A machine has all rights but those that reach this computer's own clock, kernel and ports. */
const rights = ['--capability=all', '--drop-capability=CAP_SYS_TIME,CAP_SYS_MODULE,CAP_SYS_RAWIO'];

/** Arguments of unshare(1). */
export const bootCommand = ({ name, root, shared }: Booted): string[] => [
  ...namespaces,
  'sh',
  '-c',
  prepare,
  'sh',
  // nspawn's system call filter would forbid what programs in a real machine may do, such as making keyrings.
  'env',
  'SYSTEMD_SECCOMP=0',
  'systemd-nspawn',
  '--quiet',
  `--machine=${name}`,
  `--directory=${root}`,
  '--boot',
  '--register=no',
  '--keep-unit',
  `--network-bridge=${BRIDGE}`,
  '--resolv-conf=off',
  '--timezone=off',
  '--link-journal=no',
  '--console=read-only',
  ...rights,
  ...Object.entries(shared).map(([inside, here]) => `--bind-ro=${here}:${inside}`),
];

/** Our end of the machine's network cable, as nspawn names it. */
export const cableOf = (name: string): string => `vb-${name}`;

const intoAll = ['-m', '-u', '-i', '-n', '-p', '-C', '-r', '-w'];
const clean = ['env', '-i', 'PATH=/usr/sbin:/usr/bin', 'HOME=/root', 'LANG=C.UTF-8'];
const enter = 'echo 0 > "$0/cgroup.procs" && exec nsenter "$@"';

/** Arguments of sh(1): runs a command in all namespaces of the machine whose first process is `leader`, in `group`. */
export const enterCommand = (leader: number, group: string, command: readonly string[]): string[] => [
  '-c',
  enter,
  group,
  '--target',
  String(leader),
  ...intoAll,
  ...clean,
  ...command,
];
