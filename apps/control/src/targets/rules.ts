// Decisions about repositories: how what Git prints becomes a commit of ours, which repositories are the same, and what of
// Git's complaints may be shown.
import type { SignatureStatus, TargetCommit } from '@nixfleet/contract/targets.ts';
import type * as z from 'zod';

const MAX_SUBJECT = 300;
const MAX_AUTHOR = 100;
const MAX_AT = 8_640_000_000_000;

/** NUL-separated fields; subject and author are cut by Git already, so that a hostile one cannot flood us. */
export const LOG_FORMAT = `%H%x00%at%x00%G?%x00%GS%x00%<(${MAX_AUTHOR},trunc)%an%x00%<(${MAX_SUBJECT},trunc)%s`;
const FIELDS = 6;

/** Reads `git log -z --format=LOG_FORMAT`. */
export function parseLog(text: string): TargetCommit[] {
  const fields = text.split('\0');
  const commits: TargetCommit[] = [];
  for (let i = 0; i + FIELDS <= fields.length; i += FIELDS) {
    const [commit = '', seconds = '', letter = '', signer = '', author = '', subject = ''] = fields.slice(
      i,
      i + FIELDS,
    );
    const signature = signatureOf(letter.trim());
    commits.push({
      commit: commit.trim(),
      subject: plainText(subject, MAX_SUBJECT),
      author: plainText(author, MAX_AUTHOR),
      at: Math.min(MAX_AT, Math.max(0, Math.trunc(Number(seconds) || 0))) * 1000,
      signature,
      signer: signature === 'signed' ? plainText(signer, MAX_AUTHOR) || null : null,
    });
  }
  return commits;
}

/** One line without control characters, direction overrides or lone surrogates, and not too long. */
export function plainText(text: string, max: number): string {
  const line = text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replaceAll(/[\u200B-\u200F\u202A-\u202E\u2066-\u2069\uFEFF]/g, '')
    .trim();
  return line.slice(0, max).toWellFormed();
}

/** git-log(1), `%G?`. U: the signature is right, but by nobody the configured signers name. */
function signatureOf(letter: string): z.infer<typeof SignatureStatus> {
  switch (letter) {
    case 'G':
      return 'signed';
    case 'N':
      return 'unsigned';
    case 'B':
    case 'X':
    case 'Y':
    case 'R':
      return 'bad';
    default:
      return 'unknown';
  }
}

/** `git@host:team/x.git`, `ssh://git@host/team/x` and `https://host/team/x/` name one repository. */
export function repositoryKey(url: string): string {
  const scp = /^[^/@]+@([^:/]+):(?!\/\/)(.+)$/.exec(url);
  const full = /^[a-z]+:\/\/(?:[^@/]*@)?([^/]*)(\/.*)$/.exec(url);
  const [host, path] = scp ? [scp[1], `/${scp[2]}`] : full ? [full[1], full[2]] : ['', url];
  const tail = (path ?? '')
    .replace(/\/+$/, '')
    .replace(/\.git$/, '')
    .replaceAll(/\/{2,}/g, '/');
  return `${(host ?? '').toLowerCase()}${tail}`;
}

/** A URL as it may be shown and logged: without the password in it. */
export const shownUrl = (url: string): string => url.replaceAll(/(\/\/[^/@:\s]+):[^@/\s]+@/g, '$1:***@');

/** What Git said, as one line for an operator. */
export function gitReason(stderr: string): string {
  const lines = stderr
    .split('\n')
    .map((l) => l.replace(/^(?:fatal|error|remote): ?/i, '').trim())
    .filter((l) => l !== '' && !l.startsWith('hint:'));
  return plainText(shownUrl(lines.join('; ')), 500) || 'git failed without a word';
}

/** Complaints that mean our own copy is broken, such as after a power cut: it is made anew. */
export const isBrokenMirror = (stderr: string): boolean =>
  /\.lock': File exists|not a git repository|object file .* is empty|loose object|bad object|unable to read (?:tree|sha1)|packfile|missing (?:blob|tree|commit)|is corrupt|did not send all necessary objects|pack has bad object/i.test(
    stderr,
  );

/** The reconciler that fetches one target; all of them share the beginning. */
export const fetcherName = (targetName: string): string => `fetch:${targetName}`;
