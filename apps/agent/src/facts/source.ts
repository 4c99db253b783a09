// Where facts are read from: the configuration, the state folder and the operating system, each given so that a test (or
// a relocated host) can put another in its place.
import { runCommand } from '@nixfleet/kit/command.ts';
import type { AgentConfig } from '../config.ts';
import type { StateFolder } from '../state/folder.ts';

export type Source = {
  config: AgentConfig;
  state: StateFolder;
  /** Decides which tools are asked; `process.platform` of the running agent. */
  os: 'linux' | 'darwin';
  env: Record<string, string | undefined>;
  /** Folder of the kernel's process file system. */
  proc: string;
  osRelease: string;
  version: string;
  startedAt: number;
  now: () => number;
};

const DEADLINE_MS = 5000;

/** A tool's trimmed stdout, or undefined where the tool is missing, slow or unhappy: a fact is then simply not known. */
export async function ask(source: Source, file: string, ...args: string[]): Promise<string | undefined> {
  try {
    const r = await runCommand(file, args, { deadlineMs: DEADLINE_MS, env: source.env, maxBytes: 64 * 1024 });
    return r.code === 0 && !r.timedOut ? r.stdout.trim() : undefined;
  } catch {
    return undefined;
  }
}
