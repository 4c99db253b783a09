// The real agent as a child process, on a state folder and configuration of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stringify } from 'smol-toml';
import { inheritedEnvironment } from '../../executor/config.ts';
import { processOf } from '../../executor/process.ts';
import { ProcessId, readDocument } from '../../state/documents.ts';
import { runFolder, type StateFolder, stateFolder } from '../../state/folder.ts';
import { BOOTSTRAP } from './plane.ts';
import { until } from './until.ts';

const MAIN = join(dirname(dirname(import.meta.dirname)), 'main.ts');

export type Home = {
  /** A folder of this test's own. */
  root: string;
  state: StateFolder;
  tokenFile: string;
  configFile: string;
  /** Changes keys of the configuration; `undefined` takes one out. */
  configure: (keys: Record<string, unknown>) => void;
  start: (...args: string[]) => RunningAgent;
  /** Ends every agent and executor of this home and removes it. */
  remove: () => Promise<void>;
};

export type RunningAgent = {
  child: ChildProcess;
  /** Everything it wrote to stderr and stdout. */
  readonly text: string;
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  end: (signal?: NodeJS.Signals) => Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
};

export function makeHome(url: string, keys: Record<string, unknown> = {}): Home {
  const root = mkdtempSync(join(tmpdir(), 'nixfleet-agent-'));
  const state = stateFolder(join(root, 'state'));
  const tokenFile = join(root, 'bootstrap');
  const configFile = join(root, 'agent.toml');
  const agents = new Set<RunningAgent>();
  let config: Record<string, unknown> = {
    url,
    tokenFile,
    stateDir: state.root,
    hostname: 'web1',
    platform: 'nixos',
    executor: 'detached',
    intervalMs: 1000,
    profile: join(root, 'profile'),
    currentSystem: join(root, 'current-system'),
    bootedSystem: join(root, 'booted-system'),
  };
  const configure = (changes: Record<string, unknown>): void => {
    config = Object.fromEntries(Object.entries({ ...config, ...changes }).filter(([, value]) => value !== undefined));
    writeFileSync(configFile, stringify(config));
  };
  writeFileSync(tokenFile, `NIXFLEET_TOKEN=${BOOTSTRAP}\n`);
  configure(keys);
  return {
    root,
    state,
    tokenFile,
    configFile,
    configure,
    start(...args) {
      const agent = startAgent([...args, '--config', configFile]);
      agents.add(agent);
      void agent.exited.then(() => agents.delete(agent));
      return agent;
    },
    async remove() {
      await Promise.all([...agents].map((agent) => agent.end('SIGKILL')));
      await endExecutors(state);
      rmSync(root, { recursive: true, force: true });
    },
  };
}

function startAgent(args: string[]): RunningAgent {
  const env = Object.fromEntries(
    Object.entries(inheritedEnvironment()).filter(([key]) => !key.startsWith('NIXFLEET_')),
  );
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const exited = once(child, 'close').then(([code, signal]: (number | NodeJS.Signals | null)[]) => ({
    code: typeof code === 'number' ? code : null,
    signal: typeof signal === 'string' ? signal : null,
  }));
  return {
    child,
    get text() {
      return text;
    },
    exited,
    async end(signal = 'SIGTERM') {
      child.kill(signal);
      return exited;
    },
  };
}

/** Executors outlive their agent by design, so a test that is over ends them by their own records. */
async function endExecutors(state: StateFolder): Promise<void> {
  for (const name of existsSync(state.runs) ? readdirSync(state.runs) : []) {
    const executor = readDocument(runFolder(state, name).executor, ProcessId);
    if (
      executor === undefined ||
      executor.pid === process.pid ||
      processOf(executor.pid)?.startTime !== executor.startTime
    )
      continue;
    process.kill(executor.pid, 'SIGKILL');
    await until('the executor ends', () => processOf(executor.pid)?.startTime !== executor.startTime);
  }
}
