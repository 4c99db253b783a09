// From a password to an API token: the only time the password is used, and it is kept nowhere.
import { CreatedToken, CSRF_HEADER, Session, SESSION_COOKIE } from '@nixfleet/contract/access.ts';
import { answerOf, type Api, open, request } from '../api/client.ts';
import { exit, Failure } from '../api/failure.ts';
import type { Context } from '../context.ts';
import { askSecret, readPiped } from './prompt.ts';

const LOGIN_DEADLINE_MS = 30_000;

export type PasswordOptions = { passwordStdin?: true; totp?: true };

/** Signs in with the password, makes an API token with the session, and lets the session go. */
export async function makeToken(
  ctx: Context,
  api: Api,
  options: PasswordOptions,
): Promise<{ token: string; tokenId: string }> {
  const password = options.passwordStdin ? await readPiped(ctx) : await askSecret(ctx, `Password for ${api.url}`);
  const totp = options.totp ? await askSecret(ctx, 'One-time code') : undefined;
  const signal = AbortSignal.any([ctx.stopped, AbortSignal.timeout(LOGIN_DEADLINE_MS)]);
  const body = { password, ...(totp === undefined ? {} : { totp }) };
  const answer = await open(api, 'POST', '/api/login', { body }, signal).catch((error: unknown) => {
    if (error instanceof Failure && error.status === exit.notSignedIn)
      throw new Failure(exit.notSignedIn, `${api.url} did not accept the password`, {
        next: 'try again, or ask who runs it',
      });
    throw error;
  });
  const session = await answerOf(api, answer, Session);
  const cookie = answer.headers
    .getSetCookie()
    .find((c) => c.startsWith(`${SESSION_COOKIE}=`))
    ?.split(';')[0];
  if (cookie === undefined)
    throw new Failure(exit.internal, `${api.url} accepted the password but gave no session`, {
      next: 'check that no proxy removes cookies',
    });
  const headers = { cookie, ...(session.csrfToken === null ? {} : { [CSRF_HEADER]: session.csrfToken }) };
  const created = await request(api, 'POST', '/api/tokens', CreatedToken, {
    headers,
    body: { name: `nixfleet on ${ctx.settings.machine}`.slice(0, 100) },
  });
  // The session was a means. Its end is a redirect to the form, which is no answer for us, and one that fails expires.
  await open(api, 'POST', '/logout', { headers, body: {} }, signal).catch(() => undefined);
  return { token: created.token, tokenId: created.id };
}
