// The host's own bare mirror of the configuration repository. It is a copy: what a power cut or a killed Git left of it is
// thrown away and fetched again, so that no later run is stuck on it.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { mustRun, runChild } from '../child.ts';
import type { Run } from '../run.ts';
import { bareGit, git, gitEnvironment } from './git.ts';

const LOCAL_MS = 30_000;

export async function makeMirror(run: Run): Promise<void> {
  const { mirror } = run.state;
  if (existsSync(mirror)) return;
  await mustRun(run, 'fetch', git(null, 'init', '--quiet', '--bare', '--template=', mirror), {
    deadlineMs: LOCAL_MS,
    env: gitEnvironment(run.host.env),
  });
}

/** Asked only after a fetch that did not work: it reads the whole history. A check that does not end proves nothing. */
export async function isDamaged(run: Run): Promise<boolean> {
  const { mirror } = run.state;
  // Runs come one after another, so a lock that is there now belongs to nobody.
  if (readdirSync(mirror, { recursive: true, encoding: 'utf8' }).some((file) => file.endsWith('.lock'))) return true;
  const r = await runChild(run, bareGit(mirror, 'fsck', '--connectivity-only', '--no-dangling', '--no-progress'), {
    deadlineMs: LOCAL_MS,
    env: gitEnvironment(run.host.env),
    signal: null,
  });
  return r.code !== 0 && r.code !== null;
}

export async function remakeMirror(run: Run): Promise<void> {
  run.journal.append({ kind: 'warned', reason: 'the mirror of the repository was damaged; it is fetched anew' });
  rmSync(run.state.mirror, { recursive: true, force: true });
  await makeMirror(run);
}
