// One program of the sample fleet as a child process of ours: started again when it ends, as systemd would, until it is
// stopped. Its pid is on disk while it lives, so that a start after a crash of ours ends what that crash left behind.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, globSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pause } from '@nixfleet/kit/backoff.ts';
import { killGroup } from '@nixfleet/kit/command.ts';
import { EXIT_CONFIG } from '@nixfleet/kit/config.ts';
import { mark, marked, unmark } from './mark.ts';

export type ServiceOptions = {
  name: string;
  /** Node's arguments: the program and its own. */
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  /** `<name>.log` and `<name>.json` go here. */
  folder: string;
};

export type Service = {
  readonly name: string;
  /** Undefined between an end and the next start. */
  readonly pid: number | undefined;
  readonly log: string;
  /** Ends the running process, which is then started again. */
  kill: (signal: NodeJS.Signals) => void;
  /** Rejects when the program gives up: its configuration is invalid. */
  readonly gaveUp: Promise<never>;
  stop: () => Promise<void>;
};

const RESTART_MS = 500;
const STOP_MS = 10_000;

/** Ends a process and its group, in an orderly way if it will. */
async function end(pid: number, gone: () => Promise<boolean>): Promise<void> {
  killGroup(pid, 'SIGTERM');
  const deadline = Date.now() + STOP_MS;
  while (!(await gone())) {
    if (Date.now() > deadline) killGroup(pid, 'SIGKILL');
    await pause(20);
  }
}

async function endLeftover(markFile: string): Promise<void> {
  const left = await marked(markFile);
  if (left !== undefined) await end(left, async () => (await marked(markFile)) === undefined);
}

/** Ends the services that a crash of ours left running with this folder. */
export async function endLeftovers(folder: string): Promise<void> {
  for (const file of globSync('*.json', { cwd: folder })) await endLeftover(join(folder, file));
}

export async function startService({ name, args, env, folder }: ServiceOptions): Promise<Service> {
  mkdirSync(folder, { recursive: true });
  const log = join(folder, `${name}.log`);
  const markFile = join(folder, `${name}.json`);
  await endLeftover(markFile);

  const stopping = new AbortController();
  let child: ChildProcess | undefined;
  const giveUp = Promise.withResolvers<never>();
  // Whoever waits for it hears of it; nobody has to.
  giveUp.promise.catch(() => undefined);

  const begin = (): ChildProcess => {
    const output = openSync(log, 'a');
    const started = spawn(process.execPath, args, { env, stdio: ['ignore', output, output], detached: true });
    closeSync(output);
    return started;
  };
  const live = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      child = begin();
      const ended = once(child, 'exit');
      if (child.pid !== undefined) await mark(markFile, child.pid);
      const [code] = await ended;
      child = undefined;
      if (code === EXIT_CONFIG) {
        giveUp.reject(new Error(`${name} refuses its configuration:\n${lastLines(log)}`));
        return;
      }
      await pause(RESTART_MS, stopping.signal);
    }
  };
  const life = live();
  return {
    name,
    log,
    get pid() {
      return child?.pid;
    },
    kill: (signal) => {
      if (child?.pid !== undefined) killGroup(child.pid, signal);
    },
    gaveUp: giveUp.promise,
    stop: async () => {
      stopping.abort();
      const running = child;
      if (running?.pid !== undefined)
        await end(running.pid, async () => running.exitCode !== null || running.signalCode !== null);
      await life;
      unmark(markFile);
    },
  };
}

export const lastLines = (log: string, count = 20): string =>
  readFileSync(log, 'utf8').trimEnd().split('\n').slice(-count).join('\n');

/** Where the programs lie. */
export const apps = dirname(dirname(import.meta.dirname));
