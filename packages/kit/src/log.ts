// Structured logs on stderr, one JSON object a line; what is secret by name never leaves.
import { type DestinationStream, pino } from 'pino';

export type Log = {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
};

const redacted = ['token', 'password', 'totp', 'authorization', 'cookie', 'agent_token', 'secret', 'signature'];

export function makeLog(name: string, level: string, destination?: DestinationStream): Log {
  return pino(
    {
      name,
      level,
      base: { name },
      redact: { paths: redacted.flatMap((k) => [k, `*.${k}`, `*.*.${k}`]), censor: '[redacted]' },
    },
    destination ?? pino.destination({ fd: 2, sync: true }),
  );
}

/** For tests and tools that want no log. */
export const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };
