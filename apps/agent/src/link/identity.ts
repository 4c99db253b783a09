// Who the host says it is, besides its key: sent with enrolment, with the first check-in of a process and when it changed.
import type { Identity } from '@nixfleet/contract/agent.ts';
import { Verb } from '@nixfleet/contract/verbs.ts';
import type { AgentConfig } from '../config.ts';
import { attributeOf } from '../platforms/table.ts';
import { VERSION } from '../version.ts';

export function identityOf(config: AgentConfig): Identity {
  const { location, deviceType, criticality, themeColor, icon, comment } = config;
  const metadata = { location, deviceType, criticality, themeColor, icon, comment };
  return {
    hostname: config.hostname,
    platform: config.platform,
    attribute: attributeOf(config),
    repository: config.repository ?? null,
    agentVersion: VERSION,
    capabilities: [...Verb.options],
    intervalMs: config.intervalMs,
    // A key without a value would read as "known to be nothing" and clear what the operator sees.
    metadata: Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== undefined)),
  };
}
