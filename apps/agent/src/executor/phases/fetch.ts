// fetch: brings the order's commit into the host's own bare mirror. The user's clone is never touched, nothing is merged.
import type { RunTarget } from '@nixfleet/contract/runs.ts';
import { attributeOf } from '../../platforms/table.ts';
import { mustRun, runChild } from '../child.ts';
import { bareGit, gitEnvironment } from './git.ts';
import { isDamaged, makeMirror, remakeMirror } from './mirror.ts';
import { foreign } from '../rules.ts';
import { done, fail, needed, refuse, type Run, type Verdict } from '../run.ts';

const FETCH_MS = 180_000;
const LOCAL_MS = 30_000;

export async function fetchCommit(run: Run): Promise<Verdict> {
  const target = needed(run.order.target, 'the target');
  const reason = foreign(run.order, { attribute: attributeOf(run.config), repository: run.config.repository });
  if (reason !== undefined) return refuse(reason);
  await makeMirror(run);
  if (await isComplete(run, target)) return done('the commit was already here');
  try {
    const fetched = await download(run, target);
    if (fetched.is === 'done' || !(await isDamaged(run))) return fetched;
  } catch (error) {
    if (!(await isDamaged(run))) throw error;
  }
  await remakeMirror(run);
  return download(run, target);
}

async function download(run: Run, target: RunTarget): Promise<Verdict> {
  await mustRun(
    run,
    'fetch',
    bareGit(
      run.state.mirror,
      'fetch',
      '--no-tags',
      '--prune',
      '--no-recurse-submodules',
      '--end-of-options',
      target.repository,
      '+refs/heads/*:refs/heads/*',
    ),
    { deadlineMs: FETCH_MS, env: gitEnvironment(run.host.env) },
  );
  if (!(await hasCommit(run, target.commit))) await fetchAlone(run, target);
  return (await hasCommit(run, target.commit))
    ? done()
    : fail(`the repository has no commit ${target.commit}: it may have been removed by a forced push`);
}

/** A commit no branch leads to any more; many servers still give it by its name. */
async function fetchAlone(run: Run, { repository, commit }: RunTarget): Promise<void> {
  await runChild(run, bareGit(run.state.mirror, 'fetch', '--no-tags', '--end-of-options', repository, commit), {
    deadlineMs: FETCH_MS,
    env: gitEnvironment(run.host.env),
  });
}

async function isComplete(run: Run, { commit }: RunTarget): Promise<boolean> {
  if (!(await hasCommit(run, commit))) return false;
  return run.config.branch === undefined || isAncestor(run, commit, `refs/heads/${run.config.branch}`);
}

const quiet = async (run: Run, ...args: string[]): Promise<boolean> => {
  const options = { deadlineMs: LOCAL_MS, env: gitEnvironment(run.host.env) };
  return (await runChild(run, bareGit(run.state.mirror, ...args), options)).code === 0;
};

/** Whether the mirror has the commit with all that belongs to it. */
export const hasCommit = (run: Run, commit: string): Promise<boolean> =>
  quiet(run, 'rev-list', '--quiet', '--objects', '-1', '--end-of-options', commit);

/** Whether `older` is `newer` or one of its ancestors. False as well where one of them is not in the mirror. */
export const isAncestor = (run: Run, older: string, newer: string): Promise<boolean> =>
  quiet(run, 'merge-base', '--is-ancestor', older, newer);
