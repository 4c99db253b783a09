#!/usr/bin/env node
// nixfleet-control: puts the parts together, serves, migrates, prints its API description.
import { parseArgs } from 'node:util';
import { ConfigInvalid, EXIT_CONFIG } from '@nixfleet/kit/config.ts';
import { isErrno } from '@nixfleet/kit/atomic-file.ts';
import { type Log, makeLog } from '@nixfleet/kit/log.ts';
import type { Reconciler } from '@nixfleet/kit/reconciler.ts';
import { readSecrets } from './access/secrets.ts';
import { type AppOptions, buildApp, type BuiltApp } from './app.ts';
import { configFlags, type ControlConfig, databaseOf, readConfig, VERSION } from './config.ts';
import { type Context, makeContext } from './context.ts';
import { type OpenDatabase, openDatabase } from './db/database.ts';
import { migrate } from './db/migrate.ts';
import { startPump } from './events/pump.ts';
import { notifySystemd } from './health/systemd.ts';
import { openApiDocument } from './http/openapi.ts';
import { hostReconciler } from './hosts/reconcile.ts';
import { runReconciler } from './runs/reconcile.ts';
import { retentionReconciler } from './retention/reconcile.ts';
import { targetsReconciler } from './targets/reconcile.ts';

/** The background work, one line each. */
const reconcilers: ((ctx: Context) => Reconciler)[] = [
  retentionReconciler,
  targetsReconciler,
  hostReconciler,
  runReconciler,
];

export type Control = BuiltApp & { ctx: Context; close(): Promise<void> };

export type ControlParts = AppOptions & {
  config: ControlConfig;
  database: OpenDatabase;
  log: Log;
  now?: () => number;
  /** Off for tests that run background work by themselves. */
  background?: boolean;
};

/** Everything but listening. The database is migrated, and stays the caller's to close. */
export async function openControl({
  config,
  database,
  log,
  now,
  background = true,
  ...options
}: ControlParts): Promise<Control> {
  const ctx = makeContext({ ...database, config, secrets: readSecrets(config), log, ...(now ? { now } : {}) });
  const built = await buildApp(ctx, options);
  const pump = await startPump(ctx);
  if (background) ctx.reconcilers.push(...reconcilers.map((make) => make(ctx)));
  return {
    ...built,
    ctx,
    async close() {
      const stopped = stopAll(ctx.reconcilers);
      await built.app.close();
      await pump.stop();
      await stopped;
    },
  };
}

/** A reconciler may make others while it ends: until none is left. */
async function stopAll(running: Reconciler[]): Promise<void> {
  while (running.length > 0) await Promise.all(running.splice(0).map((r) => r.stop()));
}

const STOP_MS = 2800;

const usage = `nixfleet-control [serve]    serve the API and the dashboard
nixfleet-control migrate    bring the database to the newest schema
nixfleet-control openapi    print the API description
nixfleet-control --version | --help

Every setting is a flag (--port 8000), an environment variable (NIXFLEET_PORT) or a key of the file that --config names:
${configFlags.map(({ flag, describes }) => `  ${flag.padEnd(32)} ${describes}`).join('\n')}
`;

type Command = 'serve' | 'migrate' | 'openapi' | 'version' | 'help';
type Invocation = { command: Command; flags: Record<string, unknown>; configFile: string | undefined };

function readArguments(args: string[]): Invocation {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    allowNegative: true,
    options: {
      version: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
      config: { type: 'string' },
      ...Object.fromEntries(configFlags.map(({ name, isSwitch }) => [name, { type: isSwitch ? 'boolean' : 'string' }])),
    },
  });
  const { version, help, config, ...settings } = values as Record<string, string | boolean | undefined>;
  const [command = 'serve', ...rest] = positionals;
  const flags = Object.fromEntries(configFlags.map(({ name, key }) => [key, settings[name]]));
  const configFile = typeof config === 'string' ? config : undefined;
  if (version) return { command: 'version', flags, configFile };
  if (help) return { command: 'help', flags, configFile };
  if (rest.length === 0 && (command === 'serve' || command === 'migrate' || command === 'openapi'))
    return { command, flags, configFile };
  throw new ConfigInvalid('nixfleet-control', [
    { path: positionals.join(' '), message: 'unknown command; known: serve, migrate, openapi' },
  ]);
}

/** The exit status, once there is one; `serve` has it when it is stopped. */
export async function main(args: string[], env: NodeJS.ProcessEnv): Promise<number> {
  try {
    const { command, flags, configFile } = readArguments(args);
    const config = (): ControlConfig =>
      readConfig(configFile === undefined ? env : { ...env, NIXFLEET_CONFIG: configFile }, flags);
    switch (command) {
      case 'version':
        process.stdout.write(`nixfleet-control ${VERSION}\n`);
        return 0;
      case 'help':
        process.stdout.write(usage);
        return 0;
      case 'openapi':
        process.stdout.write(`${JSON.stringify(await openApiDocument(), null, 2)}\n`);
        return 0;
      case 'migrate':
        return await migrateAlone(config());
      case 'serve':
        return await serve(config(), env['NOTIFY_SOCKET'] !== undefined);
      default:
        throw new Error(`unknown command ${JSON.stringify(command satisfies never)}`);
    }
  } catch (error) {
    process.stderr.write(`${chainOf(error)}\n`);
    return error instanceof ConfigInvalid || isUsageError(error) ? EXIT_CONFIG : 1;
  }
}

const isUsageError = (error: unknown): boolean =>
  error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');

/** `could not migrate the database: no such file`: what went wrong, and why. */
function chainOf(error: unknown): string {
  const parts: string[] = [];
  for (let it = error; it !== undefined && parts.length < 10; it = it instanceof Error ? it.cause : undefined)
    parts.push(it instanceof Error ? it.message : JSON.stringify(it));
  return parts.join(': ');
}

async function migrateAlone(config: ControlConfig): Promise<number> {
  const database = openDatabase(databaseOf(config));
  try {
    const applied = await migrate(database);
    process.stdout.write(applied.length === 0 ? 'nothing to do\n' : `${applied.join('\n')}\n`);
    return 0;
  } finally {
    await database.db.destroy();
  }
}

async function serve(config: ControlConfig, underSystemd: boolean): Promise<number> {
  const stopping = stopSignal();
  const log = makeLog('nixfleet-control', config.logLevel);
  const database = openDatabase(databaseOf(config));
  await migrate(database);
  const control = await openControl({ config, database, log });
  let status = 1;
  try {
    const url = await listen(control, config);
    log.info({ url, version: VERSION }, 'listening');
    if (underSystemd) await notifySystemd(log, ['--ready']);
    await stopping;
    log.info({}, 'stopping');
    status = 0;
  } finally {
    // Whatever still hangs then has no claim on the supervisor's patience: everything that matters is in the database.
    setTimeout(() => process.exit(status), STOP_MS).unref();
    await control.close();
    await database.db.destroy();
  }
  return status;
}

/** A second signal ends the process at once. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) {
      process.once(name, () => {
        resolve();
        process.once(name, () => process.exit(1));
      });
    }
  });
}

async function listen({ app }: Control, { host, port }: ControlConfig): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (cause) {
    if (!isErrno(cause, 'EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL')) throw cause;
    const why = {
      EADDRINUSE: 'another program listens there',
      EACCES: 'this user may not',
      EADDRNOTAVAIL: 'this machine has no such address',
    }[cause.code ?? ''];
    throw new Error(`cannot listen on ${host}:${port}: ${why}; choose another with --port and --host`, { cause });
  }
}

if (import.meta.main) {
  // What we write is ours alone: the database, the mirrors, the secrets.
  process.umask(0o077);
  const status = await main(process.argv.slice(2), process.env);
  process.exitCode = status;
}
