// What the control plane believes of what an agent says about itself.
import { type Identity, OLDEST_PROTOCOL, PROTOCOL } from '@nixfleet/contract/agent.ts';
import { Problem } from '@nixfleet/contract/problem.ts';
import { Verb } from '@nixfleet/contract/verbs.ts';

/** A newer agent is welcome: it sends what we drop, and takes what we send. */
export function checkProtocol(protocol: number): void {
  if (protocol >= OLDEST_PROTOCOL) return;
  throw new Problem(
    'protocol_unsupported',
    `Protocol ${protocol} is no longer spoken here; ${OLDEST_PROTOCOL} to ${PROTOCOL} are`,
    {
      next: 'update the agent',
      details: { oldest: OLDEST_PROTOCOL, newest: PROTOCOL },
    },
  );
}

/** Verbs of a newer agent that we do not know cannot be asked for, so they are not kept. */
export const knownVerbs = (capabilities: readonly string[]): Verb[] => {
  const said = new Set(capabilities);
  return Verb.options.filter((verb) => said.has(verb));
};

/** What an identity says of a host, as the host is kept. Null metadata is a value: the agent says there is none. */
export const identified = (protocol: number, identity: Identity) => ({
  platform: identity.platform,
  agentKind: 'native' as const,
  protocol,
  agentVersion: identity.agentVersion,
  capabilities: knownVerbs(identity.capabilities),
  attribute: identity.attribute,
  repository: identity.repository,
  intervalMs: identity.intervalMs,
  reported: Object.fromEntries(Object.entries(identity.metadata).filter(([, value]) => value !== undefined)),
});
