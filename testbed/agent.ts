// Our agent as it is seen on a machine: its units, what it keeps there, and what the host really runs.
import { JournalEntry } from '@nixfleet/contract/journal.ts';
import type { Machine } from './machine.ts';

export const AGENT_UNIT = 'nixfleet-agent.service';
export const STATE = '/var/lib/nixfleet-agent';

/** The transient unit that executes a run; `recovery` counts from 1. */
export const runUnit = (runId: string, recovery = 0): string =>
  `nixfleet-run-${runId}${recovery === 0 ? '' : `-recover-${recovery}`}.service`;

/** A run's journal as it lies on the host, whole lines only; empty while there is none. */
export function hostJournal(machine: Machine, runId: string): JournalEntry[] {
  const text = machine.read(`${STATE}/runs/${runId}/journal.jsonl`) ?? '';
  const lines = text.split('\n').slice(0, -1);
  return lines.filter((line) => line !== '').map((line) => JournalEntry.parse(JSON.parse(line)));
}

/** What the host really runs, whatever anybody says of it: its links, read from outside. */
export function truth(machine: Machine): { running: string | undefined; profile: string | undefined } {
  const profiles = '/nix/var/nix/profiles';
  const generation = machine.readlink(`${profiles}/system`);
  return {
    running: machine.readlink('/run/current-system'),
    profile: generation === undefined ? undefined : machine.readlink(`${profiles}/${generation}`),
  };
}
