// The programs a run drives. Each is written down before it may do anything, so that a recovery can end what outlived its
// executor: else an orphaned activation would go on changing the host behind an outcome already told.
//
// INVARIANTS:
// - One at a time: `child.json` names the only program of the run that may be alive.
// - A program whose executor dies before it was written down never begins: it waits for a line on its input.
import { writeFileSync } from 'node:fs';
import { pause } from '@nixfleet/kit/backoff.ts';
import { type CommandResult, killGroup, runCommand, type Stream } from '@nixfleet/kit/command.ts';
import type { Phase } from '@nixfleet/contract/verbs.ts';
import type { Command } from '../platforms/table.ts';
import { ProcessId, readDocument } from '../state/documents.ts';
import type { RunFolder } from '../state/folder.ts';
import { groupLives, processOf } from './process.ts';
import type { Run } from './run.ts';

export type ChildOptions = {
  deadlineMs: number;
  cwd?: string;
  env?: Record<string, string>;
  /** Also abort when this does; the run's own stops by default, nothing for what must not be stopped halfway. */
  signal?: AbortSignal | null;
  maxBytes?: number;
  graceMs?: number;
  /** What the program leaves running in its group ends with it. */
  endsGroup?: boolean;
  onLine?: (line: string, stream: Stream) => void;
};

/** Replaces itself by the program, under the same pid, once it is told to. */
const GATE = 'read -r go && exec "$@" </dev/null';

export async function runChild(run: Run, [file, ...args]: Command, options: ChildOptions): Promise<CommandResult> {
  const { signal = run.stops.signal, env, endsGroup = false, ...rest } = options;
  const result = await runCommand('/bin/sh', ['-c', GATE, 'sh', file, ...args], {
    ...rest,
    env: { ...run.host.env, ...env },
    input: 'go\n',
    ...(signal ? { signal } : {}),
    onStart: (pid) => {
      const id = processOf(pid);
      if (id) run.journal.withReserve(() => writeFileSync(run.folder.child, JSON.stringify(id), { mode: 0o600 }));
    },
  });
  if (endsGroup) await endOrphan(run.folder, run.host.monotonic);
  return result;
}

/** Runs a program whose lines belong into the journal. */
export const runLogged = (run: Run, phase: Phase, command: Command, options: ChildOptions): Promise<CommandResult> =>
  runChild(run, command, {
    ...options,
    onLine: (line, stream) => {
      run.journal.output(phase, stream, line);
      options.onLine?.(line, stream);
    },
  });

/** Like `runLogged`, for a step that cannot go on without it: throws a sentence for the operator. */
export async function mustRun(run: Run, phase: Phase, command: Command, options: ChildOptions): Promise<string> {
  const r = await runLogged(run, phase, command, options);
  if (r.code === 0 && !r.timedOut && !r.aborted) return r.stdout;
  throw new Error(complaint(command, r, options.deadlineMs));
}

/** One sentence on what became of a program that did not end well, with what it gave as its reason. */
export function complaint([file, ...args]: Command, r: CommandResult, deadlineMs: number): string {
  const verb = args.find((a) => !/^-|[/ ]/.test(a));
  const name = [file.split('/').at(-1), ...(verb === undefined ? [] : [verb])].join(' ');
  if (r.timedOut) return `${name} took longer than ${deadlineMs / 1000} s`;
  if (r.aborted) return `${name} was stopped`;
  const how = r.signal === null ? `exit code ${r.code}` : `signal ${r.signal}`;
  const said = r.stderr.split('\n').filter((line) => line.trim() !== '');
  const errors = said.filter((line) => /^(?:fatal|error): /.test(line));
  const reason = (errors.length > 0 ? errors : said).slice(-3).join('; ');
  return `${name} ended with ${how}${reason === '' ? '' : `: ${reason}`}`.slice(0, 2000);
}

const GRACE_MS = 5000;
const GONE_MS = 10_000;

/** Ends what is left of the last program and its group. Throws when it will not go. */
export async function endOrphan(folder: RunFolder, monotonic: () => number): Promise<void> {
  const child = readDocument(folder.child, ProcessId);
  if (!child) return;
  const { pid } = child;
  const began = monotonic();
  for (let asked = false; groupLives(child); asked = true) {
    const passed = monotonic() - began;
    if (passed > GONE_MS) throw new Error(`process group ${pid} of the last executor does not end`);
    if (!asked) killGroup(pid, 'SIGTERM');
    else if (passed > GRACE_MS) killGroup(pid, 'SIGKILL');
    await pause(20);
  }
}
