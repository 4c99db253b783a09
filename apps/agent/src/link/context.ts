// What every part of the link is given: the configuration, the state folder, the log, and time and chance.
import type { Log } from '@nixfleet/kit/log.ts';
import type { AgentConfig } from '../config.ts';
import type { Program } from '../executor/start.ts';
import type { StateFolder } from '../state/folder.ts';
import type { Call } from './request.ts';

export type Link = {
  config: AgentConfig;
  state: StateFolder;
  log: Log;
  /** This agent's own program, which is also the executor's. */
  program: Program;
  /** One request to the control plane. */
  call: Call;
  /** Wall clock, milliseconds: for reading only, a jump of it changes nothing the agent does. */
  now: () => number;
  /** Monotonic clock, milliseconds: what every wait and age is measured by. */
  monotonic: () => number;
  random: () => number;
  /** A fresh unguessable name, base64url. */
  newId: () => string;
  /** Aborts when the agent is asked to end. */
  stop: AbortSignal;
};
