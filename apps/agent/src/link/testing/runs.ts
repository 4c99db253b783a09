// Runs for tests: orders to hand over, and whole journals as an executor leaves them.
import { randomBytes } from 'node:crypto';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Order } from '@nixfleet/contract/agent.ts';
import type { EntryBody, JournalEntry } from '@nixfleet/contract/journal.ts';
import { readConfig } from '../../config.ts';
import { OrderDocument, ProcessId, writeDocument } from '../../state/documents.ts';
import { type RunFolder, runFolder } from '../../state/folder.ts';
import { ownProcess } from '../../executor/process.ts';
import type { Home } from './agent-process.ts';

let made = 0;

/** A UUIDv7-shaped id; later ones sort behind earlier ones, as the control plane makes them. */
export function makeRunId(): string {
  const at = Math.floor(performance.timeOrigin + (made += 1))
    .toString(16)
    .padStart(12, '0');
  const hex = randomBytes(10).toString('hex');
  return `run_${at.slice(0, 8)}-${at.slice(8)}-7${hex.slice(0, 3)}-8${hex.slice(3, 6)}-${hex.slice(6, 18)}`;
}

export const makeOrder = (keys: Partial<Order> = {}): Order => ({
  id: makeRunId(),
  verb: 'restart',
  args: {},
  target: null,
  hardMs: 60_000,
  confirmMs: 10_000,
  issuedAt: 1,
  ...keys,
});

export const entries = (...bodies: EntryBody[]): JournalEntry[] =>
  bodies.map((body, seq) => ({ seq, at: 1000 + seq, ...body }));

export const started: EntryBody = { kind: 'started', executor: 'detached', pid: 1 };
export const line = (text: string): EntryBody => ({ kind: 'output', phase: 'fetch', stream: 'stdout', text });
export const succeeded: EntryBody = {
  kind: 'result',
  outcome: 'succeeded',
  reason: 'done',
  phase: null,
  running: null,
  generation: null,
  tests: null,
};

/** A run folder that some executor has taken; the executor named as alive is this test process. */
export function placeRun(home: Home, journal: JournalEntry[], order: Order = makeOrder()): RunFolder {
  const folder = runFolder(home.state, order.id);
  mkdirSync(folder.root, { recursive: true });
  writeDocument(folder.order, OrderDocument, { order, config: readConfig({}, { config: home.configFile }) });
  writeDocument(folder.executor, ProcessId, ownProcess());
  writeFileSync(folder.started, '');
  writeFileSync(folder.journal, journal.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  return folder;
}

/** Makes this home's running system a closure below a store of its own. */
export function makeClosure(home: Home): string {
  const closure = join(home.root, 'store', `${'0'.repeat(32)}-system`);
  mkdirSync(closure, { recursive: true });
  symlinkSync(closure, join(home.root, 'current-system'));
  return closure;
}
