// Who may call: sign-in, sessions and API tokens of operators.
import * as z from 'zod';
import { Millis, TokenId } from './names.ts';

/** The access a route declares: nobody in particular, an operator (session + CSRF or API token), an agent's token. */
export const Access = z.enum(['public', 'operator', 'agent', 'bootstrap', 'legacy']);
export type Access = z.infer<typeof Access>;

export const CSRF_HEADER = 'x-csrf-token';
export const SESSION_COOKIE = 'nixfleet_session';

export const Login = z.object({
  password: z.string().min(1).max(1024),
  totp: z.string().max(10).optional(),
});
export type Login = z.infer<typeof Login>;

export const Session = z.object({ actor: z.string(), csrfToken: z.string().nullable(), expiresAt: Millis.nullable() });
export type Session = z.infer<typeof Session>;

export const CreateToken = z.strictObject({
  name: z.string().min(1).max(100),
  expiresInMs: z.int().min(60_000).optional(),
});

export const ApiToken = z.object({
  id: TokenId,
  name: z.string(),
  createdAt: Millis,
  expiresAt: Millis.nullable(),
  lastUsedAt: Millis.nullable(),
});
export type ApiToken = z.infer<typeof ApiToken>;

/** The raw token is in no other answer. */
export const CreatedToken = ApiToken.extend({ token: z.string() });
export type CreatedToken = z.infer<typeof CreatedToken>;
export const TokenList = z.object({ tokens: z.array(ApiToken) });
