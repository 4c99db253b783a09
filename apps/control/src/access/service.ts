// Operators: signing in and out, sessions, API tokens. One administrator for now, named `admin`.
import { verify } from '@node-rs/bcrypt';
import { type ApiToken, type CreatedToken, type Session, SESSION_COOKIE } from '@nixfleet/contract/access.ts';
import { Problem } from '@nixfleet/contract/problem.ts';
import type { Context } from '../context.ts';
import { openCookie, sealCookie } from './cookie.ts';
import { sameText, sha256, tokenHash } from './crypto.ts';
import {
  deleteApiToken,
  deleteSession,
  findApiToken,
  findSession,
  insertApiToken,
  insertSession,
  listApiTokens,
  touchApiToken,
} from './store.ts';

export const SESSION_MS = 86_400_000;
const TOUCH_EVERY_MS = 60_000;

export type OpenSession = { hash: string; actor: string; csrfToken: string; expiresAt: number };

/** Checks the password off the event loop, and makes a session. The same words for every reason it may fail. */
export async function signIn(ctx: Context, password: string): Promise<{ session: Session; cookie: string }> {
  // bcrypt reads 72 bytes; a longer password would be one that a shorter one opens.
  const fits = Buffer.byteLength(password) <= 72;
  const right = await verify(password, ctx.config.passwordHash);
  if (!right || !fits) throw new Problem('unauthenticated', 'Invalid password');
  const token = ctx.randomBytes(32).toString('base64url');
  const csrfToken = ctx.randomBytes(32).toString('base64url');
  const createdAt = ctx.now();
  const expiresAt = createdAt + SESSION_MS;
  const row = { hash: sha256(token), actor: 'admin', csrf: csrfToken, created_at: createdAt, expires_at: expiresAt };
  await insertSession(ctx.db, row);
  return {
    session: { actor: row.actor, csrfToken, expiresAt },
    cookie: sealCookie(ctx.secrets.sessions, token, expiresAt),
  };
}

/** What a request of Fastify is here. Cookies are read where they are asked for: agents send none, and they are many. */
type RequestWithCookies = {
  headers: { cookie?: string | undefined };
  server: { parseCookie(header: string): { [name: string]: string | undefined } };
};

/** The session that a request's cookie opens, for routes that anybody may call too. */
export async function sessionOf(
  ctx: Context,
  { headers, server }: RequestWithCookies,
): Promise<OpenSession | undefined> {
  const cookie = headers.cookie === undefined ? undefined : server.parseCookie(headers.cookie)[SESSION_COOKIE];
  if (cookie === undefined) return undefined;
  const token = openCookie(ctx.secrets.sessions, cookie, ctx.now());
  const row = token === undefined ? undefined : await findSession(ctx.db, sha256(token), ctx.now());
  if (row) return { hash: row.hash, actor: row.actor, csrfToken: row.csrf, expiresAt: row.expires_at };
  ctx.counters.add('invalid_signed_session_cookie');
  return undefined;
}

export function checkCsrf(ctx: Context, session: OpenSession, given: unknown): void {
  if (typeof given === 'string' && sameText(given, session.csrfToken)) return;
  ctx.counters.add('csrf_failures');
  throw new Problem('csrf_mismatch', 'Invalid CSRF token');
}

export const signOut = (ctx: Context, session: OpenSession): Promise<void> => deleteSession(ctx.db, session.hash);

/** The raw token is in this answer only. */
export async function createApiToken(
  ctx: Context,
  { name, expiresInMs }: { name: string; expiresInMs?: number | undefined },
): Promise<CreatedToken> {
  const raw = `nft_${ctx.randomBytes(32).toString('base64url')}`;
  const createdAt = ctx.now();
  const expiresAt = expiresInMs === undefined ? null : createdAt + expiresInMs;
  const id = ctx.newId('token');
  const hash = tokenHash(ctx.secrets.tokens, raw);
  await insertApiToken(ctx.db, { id, name, hash, created_at: createdAt, expires_at: expiresAt, last_used_at: null });
  return { id, name, createdAt, expiresAt, lastUsedAt: null, token: raw };
}

/** Notes its use at most once a minute: reading must not write every time. */
export async function findApiCaller(ctx: Context, raw: string): Promise<ApiToken | undefined> {
  if (!raw.startsWith('nft_') || raw.length > 100) return undefined;
  const now = ctx.now();
  const token = await findApiToken(ctx.db, tokenHash(ctx.secrets.tokens, raw), now);
  if (token && now - (token.lastUsedAt ?? 0) >= TOUCH_EVERY_MS) await touchApiToken(ctx.db, token.id, now);
  return token;
}

export const getApiTokens = (ctx: Context): Promise<ApiToken[]> => listApiTokens(ctx.db);

export async function removeApiToken(ctx: Context, id: string): Promise<void> {
  if (!(await deleteApiToken(ctx.db, id))) throw new Problem('token_not_found', 'There is no such token');
}
