// The rings of tests, from the fastest outwards: which files each one runs, what the machine must have for them, and
// whether their files may share one process.
import { globSync } from 'node:fs';
import type { ProgramName } from '../system-packages.ts';

export type Batch = {
  files: readonly string[];
  /** One process for all files: fast, and it holds because importing a module does nothing. Else a process per file. */
  together: boolean;
  needs: readonly ProgramName[];
  /** Gives the tests a PostgreSQL server in TEST_DATABASE_URL. */
  database?: boolean;
};

export const rings = {
  rules: {
    proves: 'pure rules, and each feature as its clients see it, on SQLite',
    batches: [
      { files: ['packages/*/src/**/*.test.ts'], together: true, needs: [] },
      { files: ['apps/cli/src/**/*.test.ts'], together: false, needs: [] },
      { files: ['tools/**/*.test.ts', 'test/boundaries.test.ts'], together: true, needs: ['git'] },
      { files: ['apps/control/src/**/*.test.ts'], together: true, needs: ['git'] },
      { files: ['apps/agent/src/**/*.test.ts'], together: false, needs: ['git', 'nix'] },
      { files: ['nix/tests/*.test.ts', 'apps/*/demo/**/*.test.ts'], together: false, needs: ['git', 'nix'] },
    ],
  },
  engine: {
    proves: 'the control plane’s features again, on PostgreSQL',
    batches: [
      { files: ['apps/control/src/**/*.test.ts'], together: true, needs: ['git', 'postgresql'], database: true },
    ],
  },
  loop: {
    proves: 'control plane and agents as real processes: deployments, crashes, reconnection',
    batches: [{ files: ['test/!(boundaries).test.ts'], together: false, needs: ['git', 'nix'] }],
  },
  machine: {
    proves: 'units and activation on a real systemd',
    batches: [
      { files: ['testbed/**/*.test.ts'], together: false, needs: ['git', 'nspawn', 'mmdebstrap', 'ip', 'mke2fs'] },
    ],
  },
} as const satisfies Record<string, { proves: string; batches: readonly Batch[] }>;
export type RingName = keyof typeof rings;

/** The batch's files below `root` whose path contains one of `patterns` (all, when there is none). */
export function filesOf(batch: Batch, root: string, patterns: readonly string[]): string[] {
  return globSync([...batch.files], { cwd: root })
    .filter((f) => !f.includes('node_modules'))
    .filter((f) => patterns.length === 0 || patterns.some((p) => f.includes(p)))
    .sort();
}
