// Our agent on a machine: its unit as the NixOS module writes it, its configuration, and what it keeps on the host.
import { JournalEntry } from '@nixfleet/contract/journal.ts';
import type { Machine } from './machine.ts';

export const AGENT_UNIT = 'nixfleet-agent.service';
export const STATE = '/var/lib/nixfleet-agent';
/** Where a machine sees the checkout, and Node. */
export const CHECKOUT = '/opt/nixfleet';
export const NODE = '/usr/bin/node';

/** `label` changes nothing but the text, so that an activation restarts the agent. */
export const agentUnit = (label = ''): string =>
  [
    '[Unit]',
    'Description=NixFleet agent',
    'After=network.target',
    'StartLimitIntervalSec=0',
    '[Service]',
    `ExecStart=${NODE} ${CHECKOUT}/apps/agent/src/main.ts`,
    'Environment=PATH=/usr/sbin:/usr/bin',
    'Environment=HOME=/root',
    `Environment=SYSTEM_LABEL=${label}`,
    'Restart=always',
    'RestartSec=1',
    'StateDirectory=nixfleet-agent',
    'StateDirectoryMode=0700',
    '',
  ].join('\n');

/** The transient unit that executes a run; `recovery` counts from 1. */
export const runUnit = (runId: string, recovery = 0): string =>
  `nixfleet-run-${runId}${recovery === 0 ? '' : `-recover-${recovery}`}.service`;

export type AgentSettings = { url: string; token: string; confirmMs: number };

export function configureAgent(machine: Machine, { url, token, confirmMs }: AgentSettings): void {
  machine.write('/etc/nixfleet/token', `${token}\n`, 0o600);
  const settings = {
    url,
    tokenFile: '/etc/nixfleet/token',
    hostname: machine.name,
    platform: 'nixos',
    allowInsecureHttp: true,
    confirmMs,
    intervalMs: 1000,
  };
  const lines = Object.entries(settings).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  machine.write('/etc/nixfleet/agent.toml', `${lines.join('\n')}\n`);
}

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
