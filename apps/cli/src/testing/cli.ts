// Runs the real program as a child process, in a home of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Shared by all starts of the program, which are many. */
const CACHE = fileURLToPath(new URL('../../../../node_modules/.cache/node-compile', import.meta.url));
const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const DEADLINE_MS = 30_000;

export type Ran = { code: number | null; out: string; err: string };
export type Running = {
  /** Resolves when stdout holds `text`; rejects at the deadline or when the program ends without it. */
  saw(text: string): Promise<void>;
  signal(name: NodeJS.Signals): void;
  type(text: string): void;
  readonly out: string;
  done: Promise<Ran>;
};
export type StartOptions = {
  input?: string;
  env?: Record<string, string>;
  /** Under script(1), which gives it a terminal. */
  pty?: boolean;
};
export type Cli = {
  config: string;
  env: Record<string, string>;
  start(args: readonly string[], options?: StartOptions): Running;
  run(args: readonly string[], options?: StartOptions): Promise<Ran>;
  /** Another program in the same environment. */
  shell(file: string, args: readonly string[]): Promise<Ran>;
  remove(): void;
};

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

export function makeCli(env: Record<string, string> = {}): Cli {
  const home = mkdtempSync(join(tmpdir(), 'nixfleet-cli-'));
  const base = {
    HOME: home,
    XDG_CONFIG_HOME: join(home, 'config'),
    PATH: process.env['PATH'] ?? '',
    TERM: 'xterm-256color',
    NODE_COMPILE_CACHE: CACHE,
    ...env,
  };
  const start: Cli['start'] = (args, options = {}) => {
    const words = [process.execPath, MAIN, ...args];
    return launch(options.pty ? ['script', '-qec', words.map(quoted).join(' '), '/dev/null'] : words, options);
  };
  const launch = ([file = '', ...rest]: readonly string[], options: StartOptions): Running => {
    const child = spawn(file, rest, { env: { ...base, ...options.env }, stdio: ['pipe', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    const checks = new Set<() => void>();
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      for (const check of checks) check();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    if (options.input !== undefined || !options.pty) child.stdin.end(options.input ?? '');
    const killer = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS);
    const done = once(child, 'close').then(([code]: unknown[]): Ran => {
      clearTimeout(killer);
      return { code: code as number | null, out, err }; // `close` gives the exit code first
    });
    return {
      done,
      signal: (name) => void child.kill(name),
      type: (text) => void child.stdin.write(text),
      get out() {
        return out;
      },
      saw: (text) =>
        new Promise((resolve, reject) => {
          const check = (): void => {
            if (!out.includes(text)) return;
            checks.delete(check);
            resolve();
          };
          checks.add(check);
          check();
          void done.then((ran) => reject(new Error(`ended without ${JSON.stringify(text)}: ${JSON.stringify(ran)}`)));
        }),
    };
  };
  return {
    config: join(home, 'config', 'nixfleet', 'config.json'),
    env: base,
    start,
    run: (args, options) => start(args, options).done,
    shell: (file, args) => launch([file, ...args], {}).done,
    remove: () => rmSync(home, { recursive: true, force: true }),
  };
}
