// Enrolment: the host's key and the operator's token are exchanged for the host's own token. The same key always gets the
// same host back, so enrolling again is how a lost token or a lost database heals.
import { type Enrol, Enrolled, type Identity, PROTOCOL } from '@nixfleet/contract/agent.ts';
import { Problem } from '@nixfleet/contract/problem.ts';
import { HostDocument, writeDocument } from '../state/documents.ts';
import type { Link } from './context.ts';
import { hostKey, signEnrolment } from './key.ts';
import { givenToken, isToken, storeToken } from './token.ts';

const DEADLINE_MS = 30_000;

/** Gives the new token, already stored. */
export async function enrol(link: Link, identity: Identity): Promise<string> {
  const bootstrap = givenToken(link.config);
  if (bootstrap === undefined)
    throw new Problem('unauthenticated', `there is no token to enrol with`, {
      next: `put the bootstrap token into ${link.config.tokenFile ?? 'the file that `tokenFile` names'}`,
    });
  const nonce = link.newId();
  const proof = signEnrolment(hostKey(link.state.key), nonce, identity.hostname);
  const body: Enrol = { protocol: PROTOCOL, ...proof, nonce, identity };
  const answer = Enrolled.safeParse(
    await link.call({ path: '/api/agent/enrol', body, token: bootstrap, deadlineMs: DEADLINE_MS, signal: link.stop }),
  );
  if (!answer.success || !isToken(answer.data.token))
    throw new Problem('unavailable', 'the answer to the enrolment is not one of a control plane');
  const { hostId, name, token } = answer.data;
  storeToken(link.state, token);
  writeDocument(link.state.host, HostDocument, { hostId, name });
  link.log.info({ hostId, name }, 'enrolled');
  return token;
}
