// The control plane as a program in the site, and the operator who uses it from outside.
import { mkdirSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { openSecrets, type Secrets } from '../apps/control/demo/secrets.ts';
import { type Operator, signIn } from '../test/loop/operator.ts';
import { relay } from './relay.ts';
import type { Service } from './service.ts';
import { GATEWAY, type Site } from './site.ts';
import { until } from './until.ts';

const PORT = 8000;

export type Control = {
  /** For those in the site. */
  url: string;
  secrets: Secrets;
  operator: Operator;
  /** SIGKILL, as in a crash. */
  kill(): Promise<void>;
  /** Again, on the same files. */
  start(): Promise<void>;
  log(): string;
  close(): Promise<void>;
};

export type ControlOptions = {
  site: Site;
  /** Node and the checkout to run, on this computer. */
  node: string;
  checkout: string;
  repository: string;
  confirmMs: number;
  leaseMs: number;
};

export async function startControl({
  site,
  node,
  checkout,
  repository,
  confirmMs,
  leaseMs,
}: ControlOptions): Promise<Control> {
  const folder = join(site.folder, 'control');
  mkdirSync(folder, { mode: 0o700 });
  const secrets = await openSecrets(join(folder, 'secrets.json'));
  const env = {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: folder,
    NIXFLEET_HOST: GATEWAY,
    NIXFLEET_PORT: String(PORT),
    NIXFLEET_DATA_DIR: folder,
    NIXFLEET_DEV_MODE: 'true',
    NIXFLEET_PASSWORD_HASH: secrets.passwordHash,
    NIXFLEET_SESSION_SECRETS: secrets.sessionSecret,
    NIXFLEET_AGENT_TOKEN_HASH_SECRET: secrets.tokenHashSecret,
    NIXFLEET_API_TOKEN: secrets.bootstrapToken,
    NIXFLEET_TARGETS: `sample=${repository}#main`,
    NIXFLEET_CONFIRM_MS: String(confirmMs),
    NIXFLEET_LEASE_MS: String(leaseMs),
  };
  const start = (): Service => site.start('control', node, [join(checkout, 'apps/control/src/main.ts')], env);
  let service = start();
  const log = (): string => readFileSync(service.log, 'utf8');

  const path = join(site.folder, 'control.sock');
  site.start('relay', node, [join(checkout, 'testbed/relay.ts'), path, GATEWAY, String(PORT)]);
  const door = await relay({ host: '127.0.0.1', port: 0 }, { path });
  // A listening TCP server has an address object.
  const { port } = door.address() as AddressInfo;
  const here = `http://127.0.0.1:${port}`;
  const answering = (): Promise<true> =>
    until(
      async () => {
        if (!service.running()) throw new Error(`the control plane ended:\n${log()}`);
        try {
          return (await fetch(`${here}/health`, { signal: AbortSignal.timeout(2000) })).ok;
        } catch {
          // It does not listen yet.
          return false;
        }
      },
      { what: 'the control plane to answer', deadlineMs: 30_000 },
    );
  const close = (): Promise<void> => door[Symbol.asyncDispose]();
  let operator: Operator;
  try {
    await answering();
    operator = await signIn(here, secrets.password);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    url: `http://${GATEWAY}:${PORT}`,
    secrets,
    operator,
    kill: () => service.kill(),
    log,
    async start() {
      service = start();
      await answering();
    },
    close,
  };
}
