// The programs that the rings of tests and the sample fleet drive: finds them, installs them where this is Debian and we are
// root, and says in one line what is missing elsewhere.
import { accessSync, constants, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { readFileIfPresent } from '@nixfleet/kit/atomic-file.ts';
import { runCommand } from '@nixfleet/kit/command.ts';

type Program = {
  /** A file that is there when the program is. */
  file: string;
  /** Folders to look in besides PATH. */
  folders?: () => string[];
  debian: string;
  elsewhere: string;
};

const versioned = (parent: string): string[] => {
  try {
    return readdirSync(parent).map((version) => join(parent, version, 'bin'));
  } catch {
    // No such folder: nothing of the kind is installed here.
    return [];
  }
};

export const programs = {
  git: { file: 'git', debian: 'git', elsewhere: 'Git 2.34 or later, https://git-scm.com' },
  nix: { file: 'nix', debian: 'nix-bin', elsewhere: 'Nix 2.8 or later, https://nixos.org/download' },
  postgresql: {
    file: 'initdb',
    folders: () => versioned('/usr/lib/postgresql'),
    debian: 'postgresql',
    elsewhere: 'PostgreSQL 15 or later with initdb on PATH, https://www.postgresql.org/download',
  },
  nspawn: {
    file: 'systemd-nspawn',
    debian: 'systemd-container',
    elsewhere: 'systemd-nspawn (Linux only; package systemd-container)',
  },
  ip: { file: 'ip', debian: 'iproute2', elsewhere: 'ip of iproute2 (Linux only)' },
  mke2fs: { file: 'mke2fs', debian: 'e2fsprogs', elsewhere: 'mke2fs of e2fsprogs' },
  mmdebstrap: { file: 'mmdebstrap', debian: 'mmdebstrap', elsewhere: 'mmdebstrap (Debian or Ubuntu only)' },
} as const satisfies Record<string, Program>;
export type ProgramName = keyof typeof programs;

/** Where the program lies, or undefined. */
export function findProgram(name: ProgramName, path: string): string | undefined {
  const program: Program = programs[name];
  const folders = [
    ...path.split(delimiter).filter((p) => p !== ''),
    '/usr/sbin',
    '/sbin',
    ...(program.folders?.() ?? []),
  ];
  return folders.map((folder) => join(folder, program.file)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    // Not there, or not for us to run.
    return false;
  }
}

export type Missing = { name: ProgramName; line: string };
export type Provision = { names: readonly ProgramName[]; path: string; print: (line: string) => void };

/** Installs what is missing where we may; returns what is still missing, each with the line that says what to do. */
export async function provide({ names, path, print }: Provision): Promise<Missing[]> {
  const absent = (): ProgramName[] => names.filter((name) => findProgram(name, path) === undefined);
  if (absent().length > 0 && canInstall(path)) await aptInstall(absent(), print);
  return absent().map((name) => ({
    name,
    line: `${name} is missing: install ${programs[name].elsewhere}${isDebian() ? ` (Debian: apt-get install ${programs[name].debian})` : ''}`,
  }));
}

const isDebian = (): boolean =>
  /^ID(?:_LIKE)?=.*\b(?:debian|ubuntu)\b/m.test(readFileIfPresent('/etc/os-release') ?? '');

const canInstall = (path: string): boolean =>
  isDebian() && process.getuid?.() === 0 && path.split(delimiter).some((p) => isExecutable(join(p, 'apt-get')));

async function aptInstall(names: readonly ProgramName[], print: (line: string) => void): Promise<void> {
  const packages = names.map((name) => programs[name].debian);
  print(`installing ${packages.join(', ')} with apt …`);
  const apt = (...args: string[]) =>
    runCommand('env', ['DEBIAN_FRONTEND=noninteractive', 'apt-get', '-o', 'DPkg::Lock::Timeout=120', ...args], {
      deadlineMs: 15 * 60_000,
      onLine: (line) => {
        if (/^(?:Get|Fetched|Setting up|E:|W:)/.test(line)) print(`  ${line}`);
      },
    });
  const install = () => apt('install', '-y', '--no-install-recommends', ...packages);
  // Package lists of a fresh image are empty or old: one update, then the installation again.
  if ((await install()).code === 0) return;
  await apt('update');
  const again = await install();
  if (again.code !== 0) print(`apt-get install failed: ${again.stderr.trim().split('\n').at(-1) ?? ''}`);
}
