// The secrets this process works with: from the configuration, or, in dev mode, made once and kept in the data folder.
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { readFileIfPresent, writeFileAtomic } from '@nixfleet/kit/atomic-file.ts';
import type { ControlConfig } from '../config.ts';

export type Secrets = {
  /** The first signs session cookies, any verifies. */
  sessions: readonly string[];
  /** HMAC key of stored tokens. */
  tokens: string;
  /** The shared token of agents, or null when there is none or it is switched off. */
  bootstrap: string | null;
};

const Kept = z.object({ session: z.string(), tokens: z.string(), bootstrap: z.string() });

/** Reads the data folder only where the configuration leaves something out, which it may in dev mode alone. */
export function readSecrets(config: ControlConfig): Secrets {
  const { sessionSecrets, agentTokenHashSecret, apiToken, allowSharedAgentToken } = config;
  if (sessionSecrets.length > 0 && agentTokenHashSecret && (apiToken || !allowSharedAgentToken))
    return {
      sessions: sessionSecrets,
      tokens: agentTokenHashSecret,
      bootstrap: (allowSharedAgentToken ? apiToken : null) ?? null,
    };
  if (!config.devMode) throw new Error('secrets are missing outside dev mode, which readConfig refuses');
  const kept = keptSecrets(config.dataDir);
  return {
    sessions: sessionSecrets.length > 0 ? sessionSecrets : [kept.session],
    tokens: agentTokenHashSecret ?? kept.tokens,
    bootstrap: allowSharedAgentToken ? (apiToken ?? kept.bootstrap) : null,
  };
}

function keptSecrets(dataDir: string): z.infer<typeof Kept> {
  const path = join(dataDir, 'secrets.json');
  const found = readFileIfPresent(path);
  if (found !== undefined) return Kept.parse(JSON.parse(found));
  const fresh = (): string => randomBytes(32).toString('hex');
  const made = { session: fresh(), tokens: fresh(), bootstrap: fresh() };
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  writeFileAtomic(path, `${JSON.stringify(made, null, 2)}\n`, 0o600);
  return made;
}
