// Debian packages of the machine ring: what the computer that runs the tests needs, and what the machines are made of.

/** Program → the package that has it, on the computer that runs the tests. */
export const hostPackages = {
  mmdebstrap: 'mmdebstrap',
  'systemd-nspawn': 'systemd-container',
  ip: 'iproute2',
  mke2fs: 'e2fsprogs',
  unshare: 'util-linux',
  nsenter: 'util-linux',
  flock: 'util-linux',
  git: 'git',
} as const satisfies Record<string, string>;

/** The suite a machine's root is made from: new enough a Nix and systemd to resemble a NixOS of today. */
export const suite = 'trixie';

/** What a machine has installed; Node comes from our own dependencies. */
export const machinePackages = [
  'systemd-sysv',
  'dbus',
  'nix-bin',
  'git',
  'openssh-client',
  'nftables',
  'iproute2',
  'procps',
  'ca-certificates',
  'libatomic1',
  'libstdc++6',
] as const;
