// Takes orders into the state folder. From the moment `order.json` is there the run belongs to the host; until then the
// control plane hands it over again.
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Order } from '@nixfleet/contract/agent.ts';
import { syncDirectory } from '@nixfleet/kit/atomic-file.ts';
import type { AgentConfig } from '../config.ts';
import { OrderDocument, writeDocument } from '../state/documents.ts';
import { runFolder, type StateFolder } from '../state/folder.ts';

/** Makes the folders that everything else relies on, and clears what a crash in the middle of `takeOrder` left. */
export function prepareState(state: StateFolder): void {
  mkdirSync(state.runs, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(state.runs)) {
    const folder = runFolder(state, name);
    if (!existsSync(folder.order) && !existsSync(folder.started)) rmSync(join(state.runs, name), { recursive: true });
  }
}

/** Whether this order is new here. An order already taken is left alone, whatever has become of it. */
export function takeOrder(state: StateFolder, config: AgentConfig, order: Order): boolean {
  const folder = runFolder(state, order.id);
  if (existsSync(folder.order) || existsSync(folder.started)) return false;
  mkdirSync(folder.root, { recursive: true, mode: 0o700 });
  syncDirectory(state.runs);
  // The executor talks to nobody, so it is not given what opens a door.
  const { token: _secret, ...known } = config;
  writeDocument(folder.order, OrderDocument, { order, config: known });
  return true;
}
