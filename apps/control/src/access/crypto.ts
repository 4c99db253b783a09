// How secrets of callers are compared, hashed and derived; nothing of it touches the database.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** v1's form of a stored token: hex(HMAC-SHA-256(secret, token)). Also for API tokens. */
export const tokenHash = (secret: string, token: string): string =>
  createHmac('sha256', secret).update(token).digest('hex');

/**
 * The token offered in exchange for `presented`. It cannot be computed from the database and the configuration alone, and
 * the same question gets the same answer, so that a lost answer costs nothing.
 */
export const offeredToken = (secret: string, id: string, presented: string): string =>
  // A bearer token holds no line end, so that this can never be the hash of one.
  `nfa_${createHmac('sha256', secret).update(`offer\n${id}\n${presented}`).digest('base64url')}`;

/** Equal, in a time that does not depend on where they differ. */
export function sameText(a: string, b: string): boolean {
  const [x, y] = [createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest()];
  return timingSafeEqual(x, y);
}
