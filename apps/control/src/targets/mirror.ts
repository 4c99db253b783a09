// Our own bare copy of a repository: fetched with a deadline, read with none of anybody's settings or hooks.
//
// INVARIANTS:
// - One fetch at a time per mirror (each target has one reconciler); reading beside a fetch is safe.
// - Nothing of a repository is ever run: no hooks, no filters, no remote helpers.
// - A mirror that a crash broke is thrown away and made anew: it holds nothing that the repository does not have.
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TargetCommit } from '@nixfleet/contract/targets.ts';
import { type CommandResult, runCommand } from '@nixfleet/kit/command.ts';
import { childEnvironment } from '../config.ts';
import type { Context } from '../context.ts';
import { ownSettings } from './git-settings.ts';
import { gitReason, isBrokenMirror, LOG_FORMAT, parseLog } from './rules.ts';

export const KEPT_COMMITS = 100;
const READ_MS = 30_000;
/** One name for whatever branch is followed: `a` and `a/b` cannot both be references. */
const HEAD = 'refs/nixfleet/head';

export type Source = { id: string; url: string; branch: string };

/** Why a repository could not be fetched, safe to show. */
export class FetchFailed extends Error {
  override name = 'FetchFailed';
}

export const mirrorPath = (ctx: Context, targetId: string): string =>
  join(ctx.config.dataDir, 'mirrors', `${targetId}.git`);

export const removeMirror = (ctx: Context, targetId: string): void =>
  rmSync(mirrorPath(ctx, targetId), { recursive: true, force: true });

/** Brings the mirror up to date and gives the branch's newest commit. Throws `FetchFailed` with the reason. */
export async function fetchBranch(ctx: Context, source: Source, signal: AbortSignal): Promise<string> {
  const deadline = ctx.config.fetchDeadlineMs;
  const timeout = AbortSignal.any([signal, AbortSignal.timeout(deadline)]);
  const run = (args: string[]): Promise<string> => runGit(ctx, args, { deadlineMs: deadline, signal: timeout });
  const head = await newestOf(source, run);
  const path = mirrorPath(ctx, source.id);
  if (await hasCommit(ctx, source.id, head)) {
    await run(['-C', path, 'update-ref', HEAD, head]);
    return head;
  }
  const fetch = async (): Promise<string> => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const format = head.length === 64 ? 'sha256' : 'sha1';
    await run(['init', '--quiet', '--bare', `--object-format=${format}`, '--template=', path]);
    const options = ['--quiet', '--no-tags', '--no-write-fetch-head', '--no-recurse-submodules'];
    await run(['-C', path, 'fetch', ...options, '--', source.url, `+refs/heads/${source.branch}:${HEAD}`]);
    return (await run(['-C', path, 'rev-parse', '--verify', '--quiet', `${HEAD}^{commit}`])).trim();
  };
  try {
    return await fetch();
  } catch (error) {
    if (!(error instanceof FetchFailed) || !isBrokenMirror(error.message)) throw error;
    ctx.log.warn({ target: source.id, reason: error.message }, 'the mirror is broken and is made anew');
    removeMirror(ctx, source.id);
    return fetch();
  }
}

async function newestOf(source: Source, run: (args: string[]) => Promise<string>): Promise<string> {
  const listed = await run(['ls-remote', '--quiet', '--', source.url, `refs/heads/${source.branch}`]);
  const found = /^([0-9a-f]{40}(?:[0-9a-f]{24})?)\trefs\/heads\//.exec(listed);
  if (found?.[1]) return found[1];
  throw new FetchFailed(`the repository has no branch ${source.branch}`);
}

/** The newest commits of the branch, newest first, with who signed them. */
export async function readCommits(ctx: Context, source: Source): Promise<TargetCommit[]> {
  return logOf(ctx, source.id, ['-n', String(KEPT_COMMITS), '--end-of-options', HEAD]);
}

/** One commit that the branch contains, however old; undefined for any other. */
export async function findMirrored(ctx: Context, source: Source, commit: string): Promise<TargetCommit | undefined> {
  if (!(await isAncestor(ctx, source.id, commit, HEAD))) return undefined;
  const [found] = await logOf(ctx, source.id, ['-n', '1', '--end-of-options', commit]);
  return found;
}

/** False also for what the mirror does not have. */
export async function isAncestor(ctx: Context, targetId: string, older: string, newer: string): Promise<boolean> {
  const { code } = await git(ctx, ['-C', mirrorPath(ctx, targetId), 'merge-base', '--is-ancestor', older, newer]);
  return code === 0;
}

async function hasCommit(ctx: Context, targetId: string, commit: string): Promise<boolean> {
  const { code } = await git(ctx, ['-C', mirrorPath(ctx, targetId), 'cat-file', '-e', `${commit}^{commit}`]);
  return code === 0;
}

async function logOf(ctx: Context, targetId: string, args: string[]): Promise<TargetCommit[]> {
  // Without signers of ours an SSH signature still shows as one, which nobody here can judge.
  const signers = `gpg.ssh.allowedSignersFile=${ctx.config.trustedSigners ?? '/dev/null'}`;
  const path = mirrorPath(ctx, targetId);
  return parseLog(await runGit(ctx, ['-C', path, '-c', signers, 'log', '-z', `--format=${LOG_FORMAT}`, ...args]));
}

type GitOptions = { deadlineMs?: number; signal?: AbortSignal };

async function runGit(ctx: Context, args: string[], options: GitOptions = {}): Promise<string> {
  const result = await git(ctx, args, options);
  if (result.code === 0 && !result.timedOut && !result.aborted) return result.stdout;
  // An abort is either the deadline over all steps together, or the end of this process, where nobody reads the reason.
  if (result.timedOut || result.aborted)
    throw new FetchFailed(`no answer within ${Math.round((options.deadlineMs ?? READ_MS) / 1000)} s`);
  throw new FetchFailed(gitReason(result.stderr));
}

function git(ctx: Context, args: string[], { deadlineMs = READ_MS, signal }: GitOptions = {}): Promise<CommandResult> {
  return runCommand('git', args, {
    env: { ...childEnvironment(), ...gitEnvironment(ctx) },
    deadlineMs,
    graceMs: 500,
    maxBytes: 4 * 1024 * 1024,
    ...(signal ? { signal } : {}),
  });
}

const gitEnvironment = (ctx: Context): Record<string, string> => ({
  GIT_CONFIG_GLOBAL: ownSettings(join(ctx.config.dataDir, 'git')),
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_ALLOW_PROTOCOL: 'https:http:ssh:git:file',
  GIT_SSH_COMMAND: childEnvironment()['GIT_SSH_COMMAND'] ?? 'ssh -o BatchMode=yes -o ConnectTimeout=20',
  GIT_NO_REPLACE_OBJECTS: '1',
  LC_ALL: 'C.UTF-8',
});
