// Which token to use, and what to do when it is refused. A rotation that the host slept through, a new file from the
// operator or a control plane that lost its database must never lock a host out.
import type { Identity } from '@nixfleet/contract/agent.ts';
import { isProblem, Problem } from '@nixfleet/contract/problem.ts';
import type { Link } from './context.ts';
import { enrol } from './enrol.ts';
import { givenToken, storedToken, storeToken } from './token.ts';

/**
 * Uses the host's token for `use`. Where it is refused with 401: the operator's token if it is another one, then a new
 * enrolment with the same key. A token that worked is stored. Throws the last refusal when all are refused.
 */
export async function authorised<T>(link: Link, identity: Identity, use: (token: string) => Promise<T>): Promise<T> {
  const stored = storedToken(link.state);
  let refusal: Problem | undefined;
  for (const source of stored === undefined ? firstContact : afterRefusal) {
    try {
      const token = await source(link, identity);
      if (token === undefined) continue;
      const result = await use(token);
      if (token !== stored && storedToken(link.state) === stored) storeToken(link.state, token);
      return result;
    } catch (error) {
      if (!isProblem(error, 'unauthenticated')) throw error;
      refusal = error;
    }
  }
  throw refusal ?? new Problem('unauthenticated', 'there is no token');
}

type Source = (link: Link, identity: Identity) => Promise<string | undefined>;

const own: Source = async (link) => storedToken(link.state);
const given: Source = async (link) => {
  const token = givenToken(link.config);
  return token === storedToken(link.state) ? undefined : token;
};

/** A first token is a bootstrap token in all but rare cases, so enrolment comes first. */
const firstContact: readonly Source[] = [enrol, given];
const afterRefusal: readonly Source[] = [own, given, enrol];
