// The environment an executor and its programs inherit, without what opens a door to the control plane.

/** Names of v1 and of this agent that hold a secret. */
const secrets = new Set(['NIXFLEET_TOKEN', 'NIXFLEET_AGENT_TOKEN']);

export type Environment = Record<string, string>;

export const inheritedEnvironment = (env: NodeJS.ProcessEnv = process.env): Environment =>
  Object.fromEntries(
    Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined && !secrets.has(pair[0])),
  );
