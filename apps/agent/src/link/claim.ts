// One agent per state folder: `agent.json` names the process that has it. There is no lock of the kernel that every system
// has, so a lost race is found at the next look instead, and the younger claim wins.
import { AgentDocument, readDocument, writeDocument } from '../state/documents.ts';
import type { StateFolder } from '../state/folder.ts';
import { isAlive, ownProcess } from '../executor/process.ts';

export class StateFolderTaken extends Error {}

/** Throws `StateFolderTaken` naming the live process. */
export function claimState(state: StateFolder, instance: string): void {
  const other = readDocument(state.agent, AgentDocument);
  const self = ownProcess();
  if (other && other.pid !== self.pid && isAlive(other))
    throw new StateFolderTaken(
      `another agent, process ${other.pid}, works on ${state.root}; end it, or give this one another stateDir`,
    );
  writeDocument(state.agent, AgentDocument, { ...self, instance });
}

/** Whether this process has the folder still. A folder whose document vanished is claimed again. */
export function keepClaim(state: StateFolder, instance: string): void {
  const owner = readDocument(state.agent, AgentDocument);
  if (owner?.instance !== instance) claimState(state, instance);
}
