// The file system every machine starts from: made once by mmdebstrap, kept outside the checkout under a name that says what
// is in it, and never written to afterwards (machines lay their own disk over it).
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readFileIfPresent } from '@nixfleet/kit/atomic-file.ts';
import { commandOutput } from '@nixfleet/kit/command.ts';
import { machinePackages, suite } from './packages.ts';

const left = ['doc', 'man', 'locale', 'info'].map((folder) => `--dpkgopt=path-exclude=/usr/share/${folder}/*`);

const nixConf = [
  'experimental-features = nix-command flakes',
  'sandbox = false',
  'build-users-group =',
  'substitute = false',
  'substituters =',
];

/** Run by mmdebstrap with the new root as `$1`. What a machine cannot do in a container, or must not do here, is masked. */
const hooks = [
  'mkdir -p "$1/etc/nix" "$1/nix/store" "$1/opt" "$1/var/log/journal"',
  `printf '%s\\n' ${nixConf.map((line) => `'${line}'`).join(' ')} > "$1/etc/nix/nix.conf"`,
  ': > "$1/usr/bin/node" && : > "$1/etc/resolv.conf"',
  'chroot "$1" systemctl enable systemd-networkd',
  'chroot "$1" systemctl mask systemd-networkd-wait-online.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer e2scrub_all.timer console-getty.service ldconfig.service systemd-journal-catalog-update.service',
];

const options = [
  '--mode=root',
  '--variant=minbase',
  '--quiet',
  '--aptopt=Acquire::Languages "none"',
  '--aptopt=APT::Install-Recommends "false"',
  '--dpkgopt=force-unsafe-io',
  ...left,
  `--include=${machinePackages.join(',')}`,
  ...hooks.map((hook) => `--customize-hook=${hook}`),
];

/** Made anew whenever anything that goes into it changes. */
export const rootKey = (): string =>
  createHash('sha256')
    .update(JSON.stringify([suite, options]))
    .digest('hex')
    .slice(0, 16);

export type ProvideRoot = { cache: string; print: (line: string) => void };

/** The root's folder; makes it (half a minute) when the cache does not have it. Several callers make it once. */
export async function provideRoot({ cache, print }: ProvideRoot): Promise<string> {
  const root = join(cache, `machine-${rootKey()}`);
  if (existsSync(root)) return root;
  mkdirSync(dirname(root), { recursive: true });
  print(`making the machines' root with mmdebstrap, once: ${root}`);
  const sources = await aptSources();
  const script = '[ -d "$0" ] || { rm -rf "$0.new" && mkdir "$0.new" && "$@" && mv "$0.new" "$0"; }';
  await commandOutput(
    'flock',
    [`${root}.lock`, 'sh', '-c', script, root, 'mmdebstrap', ...options, suite, `${root}.new`, ...sources],
    { deadlineMs: 15 * 60_000 },
  );
  return root;
}

/** On Debian the archives this computer uses already, at our suite; else mmdebstrap's own default. */
async function aptSources(): Promise<string[]> {
  if (!/^ID=debian$/m.test(readFileIfPresent('/etc/os-release') ?? '')) return [];
  const format = ['--format', '$(REPO_URI)', 'Created-By: Packages'];
  const found = await commandOutput('apt-get', ['indextargets', ...format], { deadlineMs: 30_000 });
  const archives = [...new Set(found.split('\n').filter((line) => line !== ''))];
  const line = (security: boolean): string[] =>
    archives
      .filter((uri) => uri.includes('security') === security)
      .slice(0, 1)
      .map((uri) => `deb ${uri} ${security ? `${suite}-security` : suite} main`);
  return [...line(false), ...line(true)];
}
