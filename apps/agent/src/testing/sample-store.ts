// For tests: a private Nix store and a configuration repository whose systems are plain derivations, so that every step
// of a deployment is the real program, offline and in milliseconds.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandOutput } from '@nixfleet/kit/command.ts';
import { inheritedEnvironment } from '../executor/config.ts';

/** How the activation of a system behaves. */
export type Mode = 'good' | 'fail-early' | 'fail-units' | 'no-switch' | 'slow' | 'fail-back';
export type SampleSystem = { version: string; mode: Mode };

export type SampleStore = {
  root: string;
  env: Record<string, string>;
  repository: string;
  /** Commits a system for web1 with further files; gives the commit. */
  commit: (system: Partial<SampleSystem>, files?: Record<string, { text: string; mode?: number }>) => Promise<string>;
  git: (...args: string[]) => Promise<string>;
  /** The closure a commit's web1 is built to. */
  build: (commit: string) => Promise<string>;
  remove: () => void;
};

const DEADLINE_MS = 60_000;

const flake = `{
  outputs = _:
    let
      toplevel = host:
        let
          system = builtins.fromJSON (builtins.readFile (./hosts + "/\${host}/system.json"));
          shell = name: env: script: derivation (env // {
            inherit name;
            system = builtins.currentSystem or "x86_64-linux";
            builder = "/bin/sh";
            PATH = "/usr/bin:/bin";
            args = [ "-c" script ];
          });
          hello = shell "hello-\${system.version}" { } "echo building hello; echo \${system.version} > $out";
        in shell "nixos-system-\${host}-\${system.version}" {
          inherit hello;
          inherit (system) mode;
          switch = builtins.readFile ./switch.sh;
        } "mkdir -p $out/bin && echo $hello > $out/hello && echo $mode > $out/mode && printf %s \\"$switch\\" > $out/bin/switch-to-configuration && chmod +x $out/bin/switch-to-configuration && cp $out/bin/switch-to-configuration $out/activate";
    in {
      nixosConfigurations.web1.config.system.build.toplevel = toplevel "web1";
      darwinConfigurations.web1.system = toplevel "web1";
      homeConfigurations."sam@web1".activationPackage = toplevel "web1";
    };
}
`.replace(
  'builtins.currentSystem or "x86_64-linux"',
  `"${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-${process.platform}"`,
);

/** Activations are logged below $SAMPLE_HOST as `<action> <closure>`: once when they begin. */
const switchScript = `#!/bin/sh
# Activates the system it lies in, relocated below $SAMPLE_HOST.
system=$(dirname "$0"); case $system in */bin) system=\${system%/bin};; esac
action=\${1:-switch}
if [ "$action" = dry-activate ]; then
  echo "would stop the following units: old.service" >&2
  echo "would restart the following units: nginx.service, sshd.service" >&2
  exit 0
fi
echo "$action $system" >> "$SAMPLE_HOST/activations"
echo "activating the configuration..." >&2
mode=$(cat "$system/mode")
case $mode in
  fail-early) echo "error: the activation script failed" >&2; exit 1 ;;
  no-switch) exit 0 ;;
  slow) echo waiting; sleep 300 ;;
  fail-back) [ "$(grep -c " $system\\$" "$SAMPLE_HOST/activations")" -gt 1 ] && exit 1 ;;
esac
[ -z "$SAMPLE_PAUSE" ] || sleep "$SAMPLE_PAUSE"
ln -s "$system" "$SAMPLE_HOST/current-system.$$" && mv -T "$SAMPLE_HOST/current-system.$$" "$SAMPLE_HOST/current-system"
[ -z "$SAMPLE_PAUSE" ] || sleep "$SAMPLE_PAUSE"
# home-manager's activation moves its own profile.
[ -z "$SAMPLE_PROFILE" ] || nix-env --profile "$SAMPLE_PROFILE" --set "$system"
if [ "$mode" = fail-units ]; then
  echo "warning: the following units failed: nginx.service, php.service" >&2
  exit 4
fi
exit 0
`;

export async function makeSampleStore(): Promise<SampleStore> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'nixfleet-store-')));
  const nix = join(root, 'nix');
  const env = {
    ...inheritedEnvironment(),
    NIX_CONF_DIR: join(nix, 'conf'),
    NIX_STORE_DIR: join(nix, 'store'),
    NIX_STATE_DIR: join(nix, 'var/nix'),
    NIX_LOG_DIR: join(nix, 'var/log'),
    NIX_DATA_DIR: join(nix, 'share'),
    HOME: join(root, 'home'),
    XDG_CACHE_HOME: join(root, 'home/.cache'),
    XDG_CONFIG_HOME: join(root, 'home/.config'),
    GIT_CONFIG_NOSYSTEM: '1',
    NIX_REMOTE: '',
  };
  for (const folder of [env.NIX_CONF_DIR, env.HOME]) mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(env.NIX_CONF_DIR, 'nix.conf'),
    'experimental-features = nix-command flakes\nsandbox = false\nbuild-users-group =\nsubstitute = false\n',
  );
  const repository = join(root, 'repository');
  const run = (file: string, ...args: string[]): Promise<string> =>
    commandOutput(file, args, { deadlineMs: DEADLINE_MS, env });
  const git = (...args: string[]): Promise<string> =>
    run('git', '-C', repository, '-c', 'user.name=Sample', '-c', 'user.email=sample@example.com', ...args);
  await run('git', 'init', '--quiet', '--initial-branch=main', repository);

  let system: SampleSystem = { version: '1', mode: 'good' };
  const put = (path: string, text: string, mode = 0o644): void => {
    mkdirSync(join(repository, path, '..'), { recursive: true });
    writeFileSync(join(repository, path), text, { mode });
  };
  put('flake.nix', flake);
  put('switch.sh', switchScript);
  return {
    root,
    env,
    repository,
    git,
    async commit(change, files = {}) {
      system = { ...system, ...change };
      put('hosts/web1/system.json', JSON.stringify(system));
      for (const [path, { text, mode }] of Object.entries(files)) put(path, text, mode);
      await git('add', '--all');
      await git('commit', '--quiet', '--allow-empty', '-m', `web1 ${system.version}, ${system.mode}`);
      return (await git('rev-parse', 'HEAD')).trim();
    },
    async build(commit) {
      const installable = `git+file://${repository}?rev=${commit}#nixosConfigurations.web1.config.system.build.toplevel`;
      const json: unknown = JSON.parse(await run('nix', 'build', '--json', '--no-link', installable));
      if (!Array.isArray(json)) throw new Error('nix build printed no array');
      return String(json[0].outputs.out);
    },
    remove: () => removeStore(root),
  };
}

/** Store paths are read-only folders. */
function removeStore(root: string): void {
  rmSync(root, { recursive: true, force: true });
}
