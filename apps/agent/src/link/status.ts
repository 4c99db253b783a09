// What the state folder says, in words: for `nixfleet-agent status` on the host itself.
import { existsSync, readdirSync } from 'node:fs';
import { RunId } from '@nixfleet/contract/names.ts';
import { isAlive } from '../executor/process.ts';
import {
  AgentDocument,
  DeployedDocument,
  HostDocument,
  OrderDocument,
  ProcessId,
  PulledDocument,
  QuarantineDocument,
  readDocument,
} from '../state/documents.ts';
import { type RunFolder, runFolder, type StateFolder } from '../state/folder.ts';
import { makeTail } from './tail.ts';

export function describeState(state: StateFolder): string {
  const agent = readDocument(state.agent, AgentDocument);
  const host = readDocument(state.host, HostDocument);
  const pulled = readDocument(state.pulled, PulledDocument);
  const last = readDocument(state.deployed, DeployedDocument)?.last;
  const quarantined = Object.keys(readDocument(state.quarantine, QuarantineDocument) ?? {});
  return [
    ['agent', agent && isAlive(agent) ? `running, process ${agent.pid}` : 'not running'],
    ['host', host ? `${host.name} (${host.hostId})` : 'not enrolled'],
    ['token', existsSync(state.token) ? 'stored' : 'none'],
    ['pulled', pulled?.commit ?? 'nothing'],
    ['deployed', last ? `${last.commit} ${last.storePath}` : 'nothing by this agent'],
    ...quarantined.map((path) => ['quarantined', path]),
    ...runsOf(state).map((run) => ['run', run]),
  ]
    .map(([name, text]) => `${`${name}:`.padEnd(13)} ${text}\n`)
    .join('');
}

function runsOf(state: StateFolder): string[] {
  const names = existsSync(state.runs) ? readdirSync(state.runs) : [];
  return names
    .filter((name) => RunId.safeParse(name).success)
    .toSorted()
    .map((id) => runFolder(state, id))
    .filter((folder) => existsSync(folder.order))
    .map((folder) => `${folder.id} ${verbOf(folder)}: ${progressOf(folder)}`);
}

const verbOf = (folder: RunFolder): string => readDocument(folder.order, OrderDocument)?.order.verb ?? 'unreadable';

function progressOf(folder: RunFolder): string {
  const tail = makeTail(folder.journal);
  try {
    tail.look();
  } catch (error) {
    return `its journal cannot be read (${error instanceof Error ? error.message : String(error)})`;
  }
  const executor = readDocument(folder.executor, ProcessId);
  if (existsSync(folder.settled)) return 'ended, and the control plane knows';
  if (tail.ended) return 'ended, still to be told to the control plane';
  if (executor && isAlive(executor)) return `process ${executor.pid} executes it, ${tail.next} entries`;
  return existsSync(folder.started) ? 'its executor died, to be recovered' : 'waits';
}
