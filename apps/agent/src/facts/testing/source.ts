// A host for tests: folders of its own, and tools that are scripts on a PATH of their own.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { AgentConfig } from '../../config.ts';
import { stateFolder } from '../../state/folder.ts';
import type { Source } from '../source.ts';

export function makeSource(
  t: TestContext,
  keys: Partial<Source> = {},
  config: Partial<AgentConfig> = {},
): Source & { root: string } {
  const root = mkdtempSync(join(tmpdir(), 'nixfleet-facts-'));
  t.after(() => rmSync(root, { recursive: true }));
  const at = (name: string): string => join(root, name);
  mkdirSync(at('bin'));
  mkdirSync(at('state'));
  return {
    root,
    config: AgentConfig.parse({
      url: 'http://127.0.0.1:1',
      stateDir: at('state'),
      hostname: 'web1',
      platform: 'nixos',
      user: 'root',
      executor: 'detached',
      profile: at('profile'),
      currentSystem: at('current-system'),
      bootedSystem: at('booted-system'),
      stasysmoDir: at('stasysmo'),
      stasysmoSnapshot: at('snapshot'),
      ...config,
    }),
    state: stateFolder(at('state')),
    os: 'linux',
    env: { PATH: at('bin') },
    proc: at('proc'),
    osRelease: at('os-release'),
    version: '0.0.0',
    startedAt: 1,
    now: () => 1,
    ...keys,
  };
}

/** Puts a shell script on the source's PATH. */
export const stubTool = (source: Source & { root: string }, name: string, script: string): void =>
  writeFileSync(join(source.root, 'bin', name), `#!/bin/sh\nPATH=/usr/bin:/bin\n${script}\n`, { mode: 0o755 });
