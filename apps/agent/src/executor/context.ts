// What an executor is given of its host: the environment of its programs, time, and which system this is.
import { type Environment, inheritedEnvironment } from './config.ts';

export type ExecutorHost = {
  env: Environment;
  /** Wall clock, milliseconds: for reading only. */
  now: () => number;
  /** Monotonic clock, milliseconds: every deadline and duration. */
  monotonic: () => number;
  os: NodeJS.Platform;
  uid: number;
};

export const thisHost = (): ExecutorHost => ({
  env: inheritedEnvironment(),
  now: () => Date.now(),
  monotonic: () => performance.now(),
  os: process.platform,
  uid: process.getuid?.() ?? 0,
});
