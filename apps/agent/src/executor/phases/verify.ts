// verify: is this commit one that the host may deploy? Decided by the host alone, before anything of the commit is
// evaluated or laid out as files; then its files are laid out for this run.
import { DeployedDocument, PulledDocument, readDocument, writeDocument } from '../../state/documents.ts';
import { runChild } from '../child.ts';
import { checkOut } from './checkout.ts';
import { hasCommit, isAncestor } from './fetch.ts';
import { bareGit, gitEnvironment } from './git.ts';
import { backward, type Relation } from '../rules.ts';
import { done, needed, refuse, type Run, type Verdict } from '../run.ts';

const LOCAL_MS = 60_000;

export async function verifyCommit(run: Run): Promise<Verdict> {
  const { commit } = needed(run.order.target, 'the target');
  const { trustedSigners, branch } = run.config;
  let signer: string | null = null;
  if (trustedSigners !== undefined) {
    signer = await signerOf(run, commit, trustedSigners);
    if (signer === null) return refuse(`commit ${commit} is not signed by a signer this host trusts`);
  }
  if (branch !== undefined && !(await isAncestor(run, commit, `refs/heads/${branch}`)))
    return refuse(`commit ${commit} is not on branch ${branch}, the only one this host deploys`);
  const reason = backward(await relationToLast(run, commit), run.order.verb, trustedSigners !== undefined);
  if (reason !== undefined) return refuse(reason);
  const subject = await output(run, 'log', '-1', '--format=%s', '--end-of-options', commit);
  run.journal.append({ kind: 'verified', commit, subject: subject.trim().slice(0, 500), signer });
  run.found.commit = commit;
  const { verb } = run.order;
  if (verb === 'pull' || verb === 'pull-switch' || verb === 'update')
    run.journal.withReserve(() =>
      writeDocument(run.state.pulled, PulledDocument, { commit, at: Math.round(run.host.now()) }),
    );
  if (verb !== 'pull') run.found.checkout = await checkOut(run, commit, 'verify');
  return done(signer === null ? undefined : `signed by ${signer}`);
}

/** The principal of the allowed-signers file whose SSH signature the commit has; null for anything else. */
async function signerOf(run: Run, commit: string, allowedSigners: string): Promise<string | null> {
  const settings = [
    'gpg.format=ssh',
    `gpg.ssh.allowedSignersFile=${allowedSigners}`,
    'gpg.ssh.program=ssh-keygen',
    'gpg.minTrustLevel=fully',
    // Only SSH signatures count: whoever can put a key into some keyring is no signer.
    'gpg.program=false',
    'gpg.openpgp.program=false',
    'gpg.x509.program=false',
  ];
  const command = bareGit(run.state.mirror, ...settings.flatMap((s) => ['-c', s]), 'verify-commit', '--raw', commit);
  const r = await runChild(run, command, { deadlineMs: LOCAL_MS, env: gitEnvironment(run.host.env) });
  for (const line of r.stderr.trim().split('\n')) run.journal.output('verify', 'stderr', line);
  const principal = /^Good "git" signature for (\S+) with /m.exec(r.stderr)?.[1];
  return r.code === 0 && principal !== undefined ? principal.slice(0, 256) : null;
}

async function relationToLast(run: Run, commit: string): Promise<Relation> {
  const last = readDocument(run.state.deployed, DeployedDocument)?.last?.commit;
  if (last === undefined) return 'first';
  if (last === commit) return 'same';
  if (!(await hasCommit(run, last))) return 'unknown';
  if (await isAncestor(run, last, commit)) return 'newer';
  return (await isAncestor(run, commit, last)) ? 'older' : 'apart';
}

const output = async (run: Run, ...args: string[]): Promise<string> =>
  (await runChild(run, bareGit(run.state.mirror, ...args), { deadlineMs: LOCAL_MS, env: gitEnvironment(run.host.env) }))
    .stdout;
