// The sample fleet's secrets: made once, kept in one file that only its owner may read.
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { hash } from '@node-rs/bcrypt';
import * as z from 'zod';
import { readFileIfPresent, writeFileAtomic } from '@nixfleet/kit/atomic-file.ts';

const Secrets = z.object({
  password: z.string(),
  passwordHash: z.string(),
  sessionSecret: z.string(),
  tokenHashSecret: z.string(),
  bootstrapToken: z.string(),
});
export type Secrets = z.infer<typeof Secrets>;

const hex = (): string => randomBytes(32).toString('hex');

export async function openSecrets(file: string): Promise<Secrets> {
  const text = readFileIfPresent(file);
  if (text !== undefined) return Secrets.parse(JSON.parse(text));
  const password = randomBytes(9).toString('base64url');
  const secrets: Secrets = {
    password,
    passwordHash: await hash(password, { cost: 10 }),
    sessionSecret: hex(),
    tokenHashSecret: hex(),
    bootstrapToken: hex(),
  };
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileAtomic(file, `${JSON.stringify(secrets, null, 2)}\n`, 0o600);
  return secrets;
}
