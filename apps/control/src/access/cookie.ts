// The session cookie in v1's form: `v1.<b64url(payload)>.<b64url(HMAC-SHA-256(secret, payload))>`, the payload being compact
// JSON with sorted keys {exp, t, v}. The first secret signs, any of them verifies.
import { createHmac } from 'node:crypto';
import * as z from 'zod';
import { sameText } from './crypto.ts';

const Payload = z.object({ exp: z.number(), t: z.string().min(16).max(200), v: z.literal(1) });

const sign = (secret: string, payload: string): string =>
  createHmac('sha256', secret).update(payload).digest('base64url');

export function sealCookie(secrets: readonly string[], token: string, expiresAt: number): string {
  const [first] = secrets;
  if (first === undefined) throw new Error('there is no session secret');
  const text = JSON.stringify({ exp: Math.floor(expiresAt / 1000), t: token, v: 1 });
  const payload = Buffer.from(text).toString('base64url');
  return `v1.${payload}.${sign(first, payload)}`;
}

/** The session token inside, or undefined for anything forged, expired or malformed. */
export function openCookie(secrets: readonly string[], cookie: string, now: number): string | undefined {
  const [version, payload, signature, rest] = cookie.split('.');
  if (version !== 'v1' || !payload || !signature || rest !== undefined) return undefined;
  // Every secret is tried, so that the time says nothing about which one signed.
  const genuine = secrets.map((s) => sameText(sign(s, payload), signature)).includes(true);
  if (!genuine) return undefined;
  const parsed = z
    .string()
    .transform((s, c) => parseJson(s, c))
    .pipe(Payload)
    .safeParse(Buffer.from(payload, 'base64url').toString('utf8'));
  return parsed.success && parsed.data.exp * 1000 > now ? parsed.data.t : undefined;
}

function parseJson(text: string, ctx: z.RefinementCtx): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Signed by us and yet no JSON: a cookie of another program that shares the secret. Signed out.
    ctx.addIssue({ code: 'custom', message: 'not JSON' });
    return z.NEVER;
  }
}
