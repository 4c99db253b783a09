// Bearer tokens of this host: the one the control plane gave (state folder) and the one the operator gave (configuration).
import { readFileIfPresent, writeFileAtomic } from '@nixfleet/kit/atomic-file.ts';
import type { AgentConfig } from '../config.ts';
import type { StateFolder } from '../state/folder.ts';

/** The first token in a file's text: bare, or v1's `NIXFLEET_TOKEN=…`; blank lines and `#` comments are passed over. */
export function parseToken(text: string): string | undefined {
  for (const line of text.split(/\r?\n/)) {
    const bare = line.trim().replace(/^(?:export\s+)?NIXFLEET_TOKEN\s*=\s*/, '');
    const value = bare.replace(/^(["'])(.*)\1$/, '$2').trim();
    if (value === '' || value.startsWith('#')) continue;
    return isToken(value) ? value : undefined;
  }
  return undefined;
}

/** Visible ASCII: what can stand in a header. */
export const isToken = (s: string): boolean => /^[\x21-\x7e]{1,512}$/.test(s);

export function storedToken(state: StateFolder): string | undefined {
  const text = readFileIfPresent(state.token);
  return text === undefined ? undefined : parseToken(text);
}

/** Stored before it is used: a token that only lived in memory would lock the host out after a crash. */
export const storeToken = (state: StateFolder, token: string): void =>
  writeFileAtomic(state.token, `${token}\n`, 0o600);

/** What the operator gave, read anew each time, so that a new file needs no restart. */
export function givenToken(config: AgentConfig): string | undefined {
  const text = config.tokenFile === undefined ? undefined : readFileIfPresent(config.tokenFile);
  return (text === undefined ? undefined : parseToken(text)) ?? (config.token && parseToken(config.token));
}
