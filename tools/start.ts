// `npm start`: the sample fleet on this machine, in one command. Installs what is missing, says what it does while it does
// it, and stops everything it started with Ctrl-C. Usage: npm start -- [--port 8000]
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { isErrno } from '@nixfleet/kit/atomic-file.ts';
import { type Fleet, servicesFolder, startFleet } from '../apps/control/demo/fleet.ts';
import { openSecrets, type Secrets } from '../apps/control/demo/secrets.ts';
import { mark, marked, unmark } from '../apps/control/demo/mark.ts';
import { endLeftovers } from '../apps/control/demo/service.ts';
import { provide } from './system-packages.ts';

const root = dirname(import.meta.dirname);
const data = process.env['NIXFLEET_DEMO_DATA'] ?? join(root, '.data');

/** An end that the user can do something about: its message is all there is to say. */
class Refusal extends Error {}

const seconds = (since: number): string => `${((Date.now() - since) / 1000).toFixed(1)} s`;

/** Prints what is being done, and how long it took once it is. */
async function step<T>(what: string, work: () => Promise<T>): Promise<T> {
  const started = Date.now();
  const isTerminal = process.stdout.isTTY;
  if (isTerminal) process.stdout.write(`  … ${what}`);
  const done = await work();
  process.stdout.write(`${isTerminal ? '\r\x1b[K' : ''}  ✔ ${what}  (${seconds(started)})\n`);
  return done;
}

async function portIsFree(port: number): Promise<boolean> {
  const probe = createServer();
  try {
    probe.listen(port, '127.0.0.1');
    await once(probe, 'listening');
    return true;
  } catch (error) {
    if (isErrno(error, 'EADDRINUSE')) return false;
    throw error;
  } finally {
    probe.close();
  }
}

function askedPort(argv: string[]): number {
  const { values } = parseArgs({ args: argv, options: { port: { type: 'string' } } });
  const port = Number(values.port ?? process.env['NIXFLEET_PORT'] ?? 8000);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new Refusal(`expected a port from 1 to 65535, found ${values.port ?? process.env['NIXFLEET_PORT']}`);
}

async function start(port: number): Promise<{ fleet: Fleet; secrets: Secrets; withHosts: boolean }> {
  const missing = await provide({
    names: ['git', 'nix'],
    path: process.env['PATH'] ?? '',
    print: (l) => console.log(`  ${l}`),
  });
  const git = missing.find((m) => m.name === 'git');
  if (git) throw new Refusal(git.line);
  const nix = missing.find((m) => m.name === 'nix');
  if (nix) console.log(`  ! ${nix.line}\n    Until then there is only the control plane, without hosts.`);
  const secrets = await openSecrets(join(data, 'demo.json'));
  const fleet = await startFleet({
    folder: data,
    port,
    secrets,
    env: process.env,
    pace: '0.4',
    confirmMs: 15_000,
    intervalMs: 5000,
    fetchEveryMs: 2000,
    withHosts: nix === undefined,
    step,
  });
  return { fleet, secrets, withHosts: nix === undefined };
}

const hints = (url: string, password: string, withHosts: boolean): string => `
  The fleet is at ${url}
  Password: ${password}

  Try, in another terminal:
    npx nixfleet login ${url}
    npx nixfleet hosts
${
  withHosts
    ? `    npm run demo:commit -- good              a new commit with newer packages
    npx nixfleet run pull-switch --all --watch
    npm run demo:commit -- fails-activation  or fails-tests, or cuts-off: then deploy again and see
`
    : ''
}
  Everything is below ${data}; the programs’ logs are in services/. Ctrl-C stops the fleet.
`;

async function main(argv: string[]): Promise<void> {
  const port = askedPort(argv);
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const lock = join(data, 'start.json');
  const other = await marked(lock);
  if (other !== undefined)
    throw new Refusal(
      `the fleet in ${data} runs already (process ${other}): stop that one first, with Ctrl-C or kill ${other}`,
    );
  await endLeftovers(servicesFolder(data));
  if (!(await portIsFree(port)))
    throw new Refusal(
      `port ${port} is taken by another program: end that, or choose another with npm start -- --port ${port + 1}`,
    );
  await mark(lock, process.pid);

  // For good: npm and the terminal may each send the signal, and stopping has deadlines of its own.
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
  });
  try {
    const started = Date.now();
    console.log('Starting the sample fleet');
    const begun = start(port);
    const first = await Promise.race([begun, stopped.then(() => undefined)]);
    if (first === undefined) console.log('\nStopping, as soon as this step is done …');
    const { fleet, secrets, withHosts } = await begun;
    if (first !== undefined) {
      console.log(`  ready in ${seconds(started)}`);
      console.log(hints(fleet.url, secrets.password, withHosts));
      await stopped;
      console.log('\nStopping …');
    }
    await fleet.stop();
    console.log('Stopped. npm start goes on where it stopped.');
  } finally {
    unmark(lock);
  }
}

if (import.meta.main)
  try {
    await main(process.argv.slice(2));
    process.exit(0);
  } catch (error) {
    console.error(error instanceof Refusal ? `npm start: ${error.message}` : error);
    process.exit(1);
  }
