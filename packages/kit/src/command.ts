// Child processes: an argument array, a process group of its own, a deadline, bounded output, one AbortSignal.
//
// INVARIANTS:
// - The child leads its group, and ending it ends the whole group: SIGTERM, then SIGKILL after `graceMs`.
// - `runCommand` settles only after the child is gone, and then nothing of its group is left by our doing.
// - Lines reach `onLine` in order; at most `maxBytes` of each stream are kept for the result, the tail of them.
import { spawn } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';
import type { Readable } from 'node:stream';

export type Stream = 'stdout' | 'stderr';

export type CommandOptions = {
  cwd?: string;
  env?: Record<string, string | undefined>;
  input?: string;
  /** Milliseconds until the group is ended and the result says `timedOut`. */
  deadlineMs: number;
  graceMs?: number;
  /** Bytes of each stream kept for the result. */
  maxBytes?: number;
  signal?: AbortSignal;
  onLine?: (line: string, stream: Stream) => void;
  /** Called with the child's pid before it is given any input; the input waits until it resolves. */
  onStart?: (pid: number) => void | Promise<void>;
};

export type CommandResult = {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  timedOut: boolean;
  aborted: boolean;
};

/** An end of output that has no line end for this long is passed on as if it were a line. */
const MAX_LINE = 16_384;

export function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // ESRCH: the group is gone, which is what we wanted. EPERM cannot happen to our own children.
  }
}

function follow(stream: Readable, name: Stream, options: CommandOptions): () => string {
  const limit = options.maxBytes ?? 1024 * 1024;
  const decoder = new StringDecoder('utf8');
  let kept = '';
  let line = '';
  const flush = (text: string): void => options.onLine?.(text, name);
  stream.on('data', (chunk: Buffer) => {
    const text = decoder.write(chunk);
    kept += text;
    if (kept.length > limit * 2) kept = kept.slice(-limit);
    if (!options.onLine) return;
    const lines = (line + text).split('\n');
    line = lines.pop() ?? '';
    for (const each of lines) for (const part of split(each)) flush(part);
    while (line.length > MAX_LINE) {
      flush(line.slice(0, MAX_LINE));
      line = line.slice(MAX_LINE);
    }
  });
  stream.on('end', () => {
    line += decoder.end();
    if (line !== '') flush(line);
    line = '';
  });
  return () => (kept.length > limit ? kept.slice(-limit) : kept);
}

function split(line: string): string[] {
  const bare = line.endsWith('\r') ? line.slice(0, -1) : line;
  if (bare.length <= MAX_LINE) return [bare];
  const parts: string[] = [];
  for (let i = 0; i < bare.length; i += MAX_LINE) parts.push(bare.slice(i, i + MAX_LINE));
  return parts;
}

/** Runs to the end. A non-zero exit is a result, not an error; only a program that cannot be started throws. */
export function runCommand(file: string, args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    let timedOut = false;
    let aborted = false;
    let killer: NodeJS.Timeout | undefined;
    const child = spawn(file, args, {
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.env === undefined ? {} : { env: options.env }),
    });
    const end = (): void => {
      if (child.pid === undefined || killer) return;
      const { pid } = child;
      killGroup(pid, 'SIGTERM');
      killer = setTimeout(() => killGroup(pid, 'SIGKILL'), options.graceMs ?? 3000);
    };
    const deadline = setTimeout(() => {
      timedOut = true;
      end();
    }, options.deadlineMs);
    const abort = (): void => {
      aborted = true;
      end();
    };
    const stdout = follow(child.stdout, 'stdout', options);
    const stderr = follow(child.stderr, 'stderr', options);
    const settle = (): void => {
      clearTimeout(deadline);
      clearTimeout(killer);
      options.signal?.removeEventListener('abort', abort);
    };
    child.once('error', (cause) => {
      settle();
      reject(new Error(`could not start ${file}`, { cause }));
    });
    child.once('exit', () => {
      // What the child left behind in its group would hold the pipes open for ever; after an orderly end give it a moment.
      if (timedOut || aborted) killGroup(child.pid ?? 0, 'SIGKILL');
      else
        killer ??= setTimeout(() => {
          child.stdout.destroy();
          child.stderr.destroy();
        }, 2000);
    });
    child.once('close', (code, signal) => {
      settle();
      resolve({ code, signal, stdout: stdout(), stderr: stderr(), timedOut, aborted });
    });
    child.stdin.on('error', () => {
      // EPIPE: the child does not read its input, which is its right.
    });
    if (options.signal?.aborted) abort();
    else options.signal?.addEventListener('abort', abort, { once: true });
    const begin = async (): Promise<void> => {
      if (child.pid !== undefined) await options.onStart?.(child.pid);
      child.stdin.end(options.input ?? '');
    };
    begin().catch((cause: unknown) => {
      settle();
      if (child.pid !== undefined) killGroup(child.pid, 'SIGKILL');
      reject(new Error(`could not begin ${file}`, { cause }));
    });
  });
}

/** Like `runCommand`, for a program whose failure is ours: throws with the end of its stderr. Gives its stdout. */
export async function commandOutput(file: string, args: readonly string[], options: CommandOptions): Promise<string> {
  const r = await runCommand(file, args, options);
  if (r.code === 0 && !r.timedOut && !r.aborted) return r.stdout;
  const how = r.timedOut
    ? `took longer than ${options.deadlineMs} ms`
    : r.aborted
      ? 'was stopped'
      : `ended with ${r.signal ?? `exit code ${r.code}`}`;
  throw new CommandFailed(`${file} ${args.slice(0, 3).join(' ')} ${how}: ${r.stderr.trim().slice(-2000)}`, r);
}

export class CommandFailed extends Error {
  readonly result: CommandResult;
  constructor(message: string, result: CommandResult) {
    super(message);
    this.name = 'CommandFailed';
    this.result = result;
  }
}
