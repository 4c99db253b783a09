// The sample fleet: a control plane and three real agents, each a process of its own, each agent behind a link of its own.
// Everything is kept in one folder, and a start on the same folder goes on where the last one stopped.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pause } from '@nixfleet/kit/backoff.ts';
import { type SampleHostName, sampleHostNames } from './hosts.ts';
import { type Link, startLink } from './link.ts';
import { configureAgent, install, isEnrolled, isInstalled, type Machine, makeMachine } from './machine.ts';
import { nixEnvironment } from './nix.ts';
import { openRepository, type Repository } from './repository.ts';
import type { Secrets } from './secrets.ts';
import { apps, lastLines, type Service, startService } from './service.ts';

export type FleetOptions = {
  folder: string;
  port: number;
  secrets: Secrets;
  /** The environment the programs inherit; names of ours in it are for other fleets and are left out. */
  env: NodeJS.ProcessEnv;
  /** Seconds of each step of a sample build. */
  pace: string;
  confirmMs: number;
  intervalMs: number;
  /** Milliseconds between two looks at the repository. */
  fetchEveryMs: number;
  /** False where Nix is not installed: only the control plane is started. */
  withHosts: boolean;
  /** Which hosts; default all. */
  only?: readonly SampleHostName[];
  /** More of the control plane's own environment. */
  control?: Record<string, string>;
  step: <T>(what: string, work: () => Promise<T>) => Promise<T>;
};

export type Member = { machine: Machine; link: Link; agent: Service };
export type Fleet = {
  url: string;
  repository: Repository;
  control: Service;
  hosts: Partial<Record<SampleHostName, Member>>;
  stop: () => Promise<void>;
};

/** Where the services' logs and marks are. */
export const servicesFolder = (folder: string): string => join(folder, 'services');

const READY_MS = 60_000;

export async function startFleet(given: FleetOptions): Promise<Fleet> {
  const env = Object.fromEntries(Object.entries(given.env).filter(([name]) => !name.startsWith('NIXFLEET_')));
  const options = { ...given, env };
  const { folder, port, step, pace } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = env['PATH'] ?? '';
  const running: { stop: () => Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    // The last started stops first: agents before their links, all of them before the control plane.
    for (const part of running.splice(0).toReversed()) await part.stop();
  };
  try {
    const repository = await step('the sample repository', () =>
      openRepository({ folder: join(folder, 'repository'), path, pace }),
    );
    const machineEnv = { ...env, ...nixEnvironment(join(folder, 'nix')) };
    const machines = options.withHosts
      ? (options.only ?? sampleHostNames).map((name) => makeMachine(name, join(folder, 'hosts'), machineEnv))
      : [];
    for (const machine of machines)
      if (!isInstalled(machine))
        await step(`${machine.name}: its first system, built by Nix`, () => install(machine, repository));

    const url = `http://127.0.0.1:${port}`;
    const control = await step('the control plane', async () => {
      const service = await startControl(options, repository);
      running.push(service);
      await answering(url, service);
      return service;
    });

    const hosts: Fleet['hosts'] = {};
    for (const machine of machines)
      hosts[machine.name] = await step(`${machine.name}: its agent`, async () => {
        const link = await startLink({ to: { host: '127.0.0.1', port }, networkFile: machine.networkFile });
        running.push(link);
        const agent = await startAgent(machine, link, options);
        running.push(agent);
        await until(() => isEnrolled(machine), agent, `${machine.name} did not enrol`);
        return { machine, link, agent };
      });
    return { url, repository, control, hosts, stop };
  } catch (cause) {
    await stop();
    throw cause;
  }
}

function startControl(
  { folder, port, secrets, env, fetchEveryMs, confirmMs, control }: FleetOptions,
  repository: Repository,
) {
  const dataDir = join(folder, 'control');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  return startService({
    name: 'control',
    args: [join(apps, 'control/src/main.ts')],
    folder: servicesFolder(folder),
    env: {
      ...env,
      NIXFLEET_HOST: '127.0.0.1',
      NIXFLEET_PORT: String(port),
      NIXFLEET_DATA_DIR: dataDir,
      NIXFLEET_DEV_MODE: 'true',
      NIXFLEET_PASSWORD_HASH: secrets.passwordHash,
      NIXFLEET_SESSION_SECRETS: secrets.sessionSecret,
      NIXFLEET_AGENT_TOKEN_HASH_SECRET: secrets.tokenHashSecret,
      NIXFLEET_API_TOKEN: secrets.bootstrapToken,
      NIXFLEET_TARGETS: `sample=file://${repository.origin}#${repository.branch}`,
      NIXFLEET_FETCH_EVERY_MS: String(fetchEveryMs),
      NIXFLEET_CONFIRM_MS: String(confirmMs),
      ...control,
    },
  });
}

function startAgent(machine: Machine, link: Link, { folder, secrets, confirmMs, intervalMs }: FleetOptions) {
  const file = configureAgent(machine, { url: link.url, token: secrets.bootstrapToken, confirmMs, intervalMs });
  return startService({
    name: machine.name,
    args: [join(apps, 'agent/src/main.ts'), '--config', file],
    folder: servicesFolder(folder),
    env: machine.env,
  });
}

const answering = (url: string, control: Service): Promise<void> =>
  until(
    async () => {
      try {
        return (await fetch(`${url}/health`, { signal: AbortSignal.timeout(2000) })).ok;
      } catch {
        // It does not listen yet.
        return false;
      }
    },
    control,
    'the control plane did not answer',
  );

/** Waits for a condition; fails early when the service gives up, and with its last words when the deadline passes. */
async function until(holds: () => boolean | Promise<boolean>, service: Service, failure: string): Promise<void> {
  const deadline = Date.now() + READY_MS;
  const waiting = (async () => {
    while (!(await holds())) {
      if (Date.now() > deadline)
        throw new Error(`${failure} within ${READY_MS / 1000} s; its log ends:\n${lastLines(service.log)}`);
      await pause(50);
    }
  })();
  await Promise.race([waiting, service.gaveUp]);
}
