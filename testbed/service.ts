// Long-running programs beside the test: each in a control group of its own, with its output in a file.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { isErrno } from '@nixfleet/kit/atomic-file.ts';
import { isPopulated, killCgroup, makeCgroup, pidsOf, removeCgroup } from './cgroup.ts';
import { until } from './until.ts';

export type ServiceOptions = {
  cgroup: string;
  file: string;
  args: readonly string[];
  env?: NodeJS.ProcessEnv;
  /** Takes stdout and stderr, appended. */
  log: string;
  /** `pipe`: what hangs on our end of it ends when this process does, however it ends. */
  stdin?: 'ignore' | 'pipe';
};

export type Service = {
  cgroup: string;
  log: string;
  child: ChildProcess;
  /** Exit status of the program, or null when a signal ended it. */
  exited: Promise<number | null>;
  /** Whether the program itself still runs. */
  running(): boolean;
  /** Sends a signal to the processes of the group, as a supervisor would. */
  signal(name: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL to what is left after `graceMs`. */
  stop(graceMs?: number): Promise<void>;
  /** SIGKILL to all of it at once. */
  kill(): Promise<void>;
};

export function startService({ cgroup, file, args, env, log, stdin = 'ignore' }: ServiceOptions): Service {
  makeCgroup(cgroup);
  const output = openSync(log, 'a');
  const child = spawn('sh', ['-c', 'echo 0 > "$0/cgroup.procs" && exec "$@"', cgroup, file, ...args], {
    detached: true,
    stdio: [stdin, output, output],
    ...(env === undefined ? {} : { env }),
  });
  closeSync(output);
  const exited = once(child, 'exit').then(([code]) => (typeof code === 'number' ? code : null));
  const kill = async (): Promise<void> => {
    // The child itself too: it may not have entered its group yet.
    child.kill('SIGKILL');
    await killCgroup(cgroup);
    await exited;
    removeCgroup(cgroup);
  };
  const signal = (name: NodeJS.Signals): void => {
    for (const pid of pidsOf(cgroup)) signalPid(pid, name);
  };
  return {
    cgroup,
    log,
    child,
    exited,
    running: () => child.exitCode === null && child.signalCode === null,
    signal,
    kill,
    async stop(graceMs = 5000) {
      signal('SIGTERM');
      try {
        await until(() => !isPopulated(cgroup), { what: `the orderly end of ${file}`, deadlineMs: graceMs });
      } catch {
        // It does not end by itself, so it is ended.
      }
      await kill();
    },
  };
}

/** Sends a signal to a process that may be gone already. */
export function signalPid(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!isErrno(error, 'ESRCH')) throw error;
  }
}
