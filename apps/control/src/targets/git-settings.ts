// The only settings our Git works with, instead of the user's: a file, because Git hides what is given on the command line
// from the programs it starts.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readFileIfPresent, writeFileAtomic } from '@nixfleet/kit/atomic-file.ts';

/** Git asks this instead of GnuPG: an OpenPGP signature is there, and nobody here can judge it. */
const NO_JUDGE = `#!/bin/sh
echo
echo '[GNUPG:] ERRSIG 0000000000000000 0 0 00 0 9'
exit 1
`;

// safe.directory: a local repository may belong to another user, and nothing of it is ever run.
const settings = (noJudge: string): string => `[safe]
	directory = *
[core]
	hooksPath = /dev/null
	fsmonitor = false
[gc]
	autoDetach = false
[maintenance]
	autoDetach = false
[gpg "openpgp"]
	program = ${noJudge}
[gpg "x509"]
	program = ${noJudge}
[http]
	followRedirects = initial
[i18n]
	logOutputEncoding = UTF-8
`;

/** The settings file in this folder, written if it is missing or another version's. */
export function ownSettings(folder: string): string {
  const [path, noJudge] = [join(folder, 'config'), join(folder, 'no-judge')];
  const text = settings(noJudge);
  if (readFileIfPresent(path) === text) return path;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileAtomic(noJudge, NO_JUDGE, 0o755);
  writeFileAtomic(path, text);
  return path;
}
