// For tests: a host relocated below a folder, with its profile, current-system link and state folder, and the orders and
// journals of its runs.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Order } from '@nixfleet/contract/agent.ts';
import type { EntryKind, EntryOf, JournalEntry } from '@nixfleet/contract/journal.ts';
import { readFileIfPresent } from '@nixfleet/kit/atomic-file.ts';
import { commandOutput } from '@nixfleet/kit/command.ts';
import { AgentConfig } from '../config.ts';
import type { ExecutorHost } from '../executor/context.ts';
import { execute } from '../executor/execute.ts';
import { readJournal } from '../journal/reader.ts';
import { type ObservedSystem, observeSystem } from '../platforms/observe.ts';
import { attributeOf } from '../platforms/table.ts';
import { OrderDocument, writeDocument } from '../state/documents.ts';
import { type RunFolder, runFolder, type StateFolder, stateFolder } from '../state/folder.ts';
import type { SampleStore } from './sample-store.ts';

export type SampleHost = {
  root: string;
  config: AgentConfig;
  state: StateFolder;
  host: ExecutorHost;
  /** Makes a closure the current system and generation, as an installer would. */
  install: (closure: string) => Promise<void>;
  /** Writes an order down, as the agent does. */
  take: (order: Partial<Order> & Pick<Order, 'verb'>, commit?: string) => RunFolder;
  /** Takes an order and executes it in this process; `prepare` puts into its folder what the agent would. */
  run: (
    order: Partial<Order> & Pick<Order, 'verb'>,
    commit?: string,
    prepare?: (folder: RunFolder) => void,
  ) => Promise<Told>;
  observe: () => ObservedSystem;
  /** What the systems' activation scripts have logged. */
  activations: () => { action: string; closure: string }[];
  remove: () => void;
};

/** A run's journal, to ask of it. */
export type Told = {
  folder: RunFolder;
  entries: JournalEntry[];
  result: EntryOf<'result'> | undefined;
  all: <K extends EntryKind>(kind: K) => EntryOf<K>[];
  /** Each phase that ended, as `build done`. */
  phases: () => string[];
  output: () => string;
};

export function tell(folder: RunFolder): Told {
  const { entries } = readJournal(folder.journal);
  const all = <K extends EntryKind>(kind: K): EntryOf<K>[] =>
    entries.filter((e): e is Extract<JournalEntry, { kind: K }> => e.kind === kind);
  return {
    folder,
    entries,
    result: all('result').at(-1),
    all,
    phases: () => all('phase_ended').map((e) => `${e.phase} ${e.status}`),
    output: () =>
      all('output')
        .map((e) => e.text)
        .join('\n'),
  };
}

/** `folder`: where it is to lie, made by the caller; default a temporary one. */
export function makeSampleHost(
  store: SampleStore,
  settings: Partial<AgentConfig> = {},
  folder: string = mkdtempSync(join(tmpdir(), 'nixfleet-host-')),
): SampleHost {
  const root = realpathSync(folder);
  const config = AgentConfig.parse({
    url: 'http://127.0.0.1:1',
    stateDir: join(root, 'state'),
    hostname: 'web1',
    platform: 'nixos',
    user: 'root',
    profile: join(root, 'profiles/system'),
    currentSystem: join(root, 'current-system'),
    bootedSystem: join(root, 'booted-system'),
    executor: 'detached',
    ...settings,
  });
  const state = stateFolder(config.stateDir);
  mkdirSync(state.runs, { recursive: true });
  mkdirSync(join(root, 'profiles'));
  const own = settings.platform === 'home-manager' ? { SAMPLE_PROFILE: String(config.profile) } : {};
  const env = { ...store.env, SAMPLE_HOST: root, ...own };
  const host: ExecutorHost = {
    env,
    now: () => Date.parse('2026-01-01T00:00:00Z') + performance.now(),
    monotonic: () => performance.now(),
    os: process.platform,
    uid: process.getuid?.() ?? 0,
  };
  let runs = 0;
  const take: SampleHost['take'] = (order, commit) => {
    runs += 1;
    const id = `run_01900000-0000-7000-8000-${String(runs).padStart(12, '0')}`;
    const target =
      commit === undefined
        ? null
        : { targetId: null, repository: store.repository, commit, attribute: attributeOf(config), subject: null };
    const whole = Order.parse({ id, args: {}, target, hardMs: 60_000, confirmMs: 20_000, ...order });
    const folder = runFolder(state, id);
    mkdirSync(folder.root);
    writeDocument(folder.order, OrderDocument, { order: whole, config });
    return folder;
  };
  return {
    root,
    config,
    state,
    host,
    take,
    async install(closure) {
      await commandOutput('nix-env', ['-p', String(config.profile), '--set', closure], { deadlineMs: 20_000, env });
      rmSync(String(config.currentSystem), { force: true });
      symlinkSync(closure, String(config.currentSystem));
    },
    async run(order, commit, prepare) {
      const folder = take(order, commit);
      prepare?.(folder);
      await execute(folder.root, host);
      return tell(folder);
    },
    observe: () => observeSystem(config),
    activations: () =>
      (readFileIfPresent(join(root, 'activations')) ?? '')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => ({ action: line.split(' ')[0] ?? '', closure: line.split(' ')[1] ?? '' })),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
