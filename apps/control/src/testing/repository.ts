// A real Git repository for a test to commit to.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { childEnvironment } from '../config.ts';

export type Repository = {
  path: string;
  git(...args: string[]): string;
  /** An empty commit with this message; gives its full id. */
  commit(message: string, ...args: string[]): string;
};

export function makeRepository(path: string, ...initArgs: string[]): Repository {
  mkdirSync(path, { recursive: true });
  const env = {
    ...childEnvironment(),
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'Ada',
    GIT_AUTHOR_EMAIL: 'ada@example.org',
    GIT_COMMITTER_NAME: 'Ada',
    GIT_COMMITTER_EMAIL: 'ada@example.org',
  };
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', path, ...args], { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  git('init', '--quiet', '--initial-branch=main', ...initArgs);
  return {
    path,
    git,
    commit(message, ...args) {
      git('commit', '--quiet', '--allow-empty', '-m', message, ...args);
      return git('rev-parse', 'HEAD');
    },
  };
}

export const removeRepository = (repository: Repository): void =>
  rmSync(repository.path, { recursive: true, force: true });
