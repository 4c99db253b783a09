// nixfleet-agent: the host's side of the fleet. Without a verb it is the daemon; `execute` and `recover` are the executor.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ConfigInvalid, EXIT_CONFIG } from '@nixfleet/kit/config.ts';
import { makeLog } from '@nixfleet/kit/log.ts';
import { type AgentConfig, readConfig } from './config.ts';
import { execute } from './executor/execute.ts';
import { recover } from './executor/recover.ts';
import { collectorsOf, makeObserver } from './facts/observe.ts';
import { localHostName } from './facts/os.ts';
import { runAgent } from './link/agent.ts';
import { claimState } from './link/claim.ts';
import { identityOf } from './link/identity.ts';
import { prepareState } from './link/orders.ts';
import { makeCaller } from './link/request.ts';
import { describeState } from './link/status.ts';
import { stateFolder } from './state/folder.ts';
import { VERSION } from './version.ts';

const USAGE = `nixfleet-agent ${VERSION}

  nixfleet-agent [--config FILE]          run the agent of this host
  nixfleet-agent status [--config FILE]   what the state folder says
  nixfleet-agent execute RUNDIR           execute one run, once; started by the agent
  nixfleet-agent recover RUNDIR           bring a run whose executor died to its end; started by the agent
  nixfleet-agent --version | --help
`;

/** What is still going on when the agent is asked to end gets this long. */
const END_MS = 1500;

const os = process.platform === 'darwin' ? 'darwin' : 'linux';

async function config(file: string | undefined): Promise<AgentConfig> {
  return readConfig(process.env, { config: file, systemName: await localHostName({ os, env: process.env }) });
}

async function daemon(file: string | undefined): Promise<void> {
  const c = await config(file);
  const log = makeLog('nixfleet-agent', c.logLevel);
  const state = stateFolder(c.stateDir);
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      stop.abort();
      setTimeout(() => process.exit(0), END_MS).unref();
    });
  const newId = (): string => randomBytes(24).toString('base64url');
  const instance = newId();
  const source = { config: c, state, os, env: process.env, proc: '/proc', osRelease: '/etc/os-release' } as const;
  const observe = makeObserver(
    collectorsOf({ ...source, version: VERSION, startedAt: Date.now(), now: Date.now }),
    log,
  );
  const { call, close } = makeCaller({
    url: c.url,
    ca: c.caFile === undefined ? undefined : readFileSync(c.caFile, 'utf8'),
  });
  const clocks = { now: Date.now, monotonic: () => performance.now(), random: Math.random, newId };
  const program = { file: process.execPath, args: [fileURLToPath(import.meta.url)] };
  prepareState(state);
  claimState(state, instance);
  log.info({ version: VERSION, url: c.url, host: c.hostname, state: state.root }, 'agent started');
  await runAgent({
    link: { config: c, state, log, call, program, ...clocks, stop: stop.signal },
    instance,
    identity: () => identityOf(c),
    observe,
  });
  close();
  log.info({}, 'agent ended');
}

async function main(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: { config: { type: 'string' }, version: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  const [verb, folder, ...rest] = positionals;
  if (values.help) return print(USAGE);
  if (values.version) return print(`${VERSION}\n`);
  if (verb === undefined) return daemon(values.config).then(() => 0);
  if (verb === 'status' && folder === undefined)
    return print(describeState(stateFolder((await config(values.config)).stateDir)));
  if (folder === undefined || rest.length > 0) return complain(USAGE, 64);
  if (verb === 'execute') return execute(folder).then(() => 0);
  if (verb === 'recover') return recover(folder).then(() => 0);
  return complain(USAGE, 64);
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

function complain(text: string, status: number): number {
  process.stderr.write(text.endsWith('\n') ? text : `${text}\n`);
  return status;
}

main(process.argv.slice(2)).then(
  (status) => process.exit(status),
  (error: unknown) => {
    const text = error instanceof Error ? error.message : String(error);
    process.exit(complain(text, error instanceof ConfigInvalid ? EXIT_CONFIG : 1));
  },
);
