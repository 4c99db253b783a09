// A real Git repository whose host has one test script, which leaves a line behind each time it is executed.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readFileIfPresent } from '@nixfleet/kit/atomic-file.ts';
import { commandOutput } from '@nixfleet/kit/command.ts';
import { inheritedEnvironment } from '../../executor/config.ts';

export type Repository = {
  url: string;
  commit: string;
  /** How often the script was executed. */
  executions: () => number;
};

export async function makeRepository(folder: string, hostname = 'web1'): Promise<Repository> {
  const trace = join(folder, 'executions');
  const url = join(folder, 'config');
  const tests = join(url, 'hosts', hostname, 'tests');
  mkdirSync(tests, { recursive: true });
  writeFileSync(join(tests, 'T00-trace.sh'), `#!/bin/sh\necho executed >> '${trace}'\n`);
  chmodSync(join(tests, 'T00-trace.sh'), 0o755);
  const author = ['-c', 'user.name=Tests', '-c', 'user.email=tests@example.com', '-c', 'commit.gpgsign=false'];
  const git = (...args: string[]): Promise<string> =>
    commandOutput('git', [...author, ...args], { cwd: url, deadlineMs: 30_000, env: inheritedEnvironment() });
  await git('init', '--quiet', '--initial-branch=main');
  await git('add', '.');
  await git('commit', '--quiet', '--message', 'the first');
  const commit = (await git('rev-parse', 'HEAD')).trim();
  return { url, commit, executions: () => (readFileIfPresent(trace) ?? '').split('\n').length - 1 };
}
