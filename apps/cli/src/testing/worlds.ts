// Hosts and runs as the control plane would show them, for tests that need some.
import type { Host } from '@nixfleet/contract/hosts.ts';
import type { Run } from '@nixfleet/contract/runs.ts';
import { phasesOf } from '@nixfleet/contract/verbs.ts';

/** 2026-11-20 12:00:00 UTC. */
export const AT = 1_795_176_000_000;
export const TOKEN = 'test-token-0123456789';
export const COMMIT = '4f2c9ab0'.repeat(5);

const idOf = (prefix: string, n: number): string => `${prefix}_019a0000-0000-7000-8000-${String(n).padStart(12, '0')}`;

export const aRun = ({ n, ...over }: Partial<Run> & { n: number }): Run => {
  const verb = over.verb ?? 'pull-switch';
  return {
    id: idOf('run', n),
    hostId: idOf('host', 1),
    hostName: 'web1',
    verb,
    args: {},
    target: {
      targetId: null,
      repository: '/srv/fleet.git',
      commit: COMMIT,
      attribute: 'nixosConfigurations.web1',
      subject: 'feat: docker 28.5',
    },
    state: 'queued',
    reason: null,
    phase: null,
    phases: phasesOf[verb].map((phase) => ({ phase, status: 'todo', startedAt: null, durationMs: null, reason: null })),
    progress: null,
    tests: null,
    storePath: null,
    running: null,
    generation: null,
    slow: false,
    cancelRequestedAt: null,
    attempt: 0,
    journalNext: 0,
    outputBytes: 0,
    droppedBytes: 0,
    createdBy: 'admin',
    createdAt: AT,
    offeredAt: null,
    startedAt: null,
    finishedAt: null,
    expiresAt: AT + 86_400_000,
    ...over,
  };
};

export const aHost = ({ n, ...over }: Partial<Host> & { n: number }): Host => ({
  id: idOf('host', n),
  name: `web${n}`,
  platform: 'nixos',
  agentKind: 'native',
  agentVersion: '0.1.0',
  protocol: 2,
  capabilities: ['pull-switch'],
  attribute: 'nixosConfigurations.web1',
  targetId: null,
  state: 'online',
  convergence: { status: 'current', reason: 'runs the newest commit', targetCommit: COMMIT, runningCommit: COMMIT },
  facts: {},
  permissions: [
    { verb: 'pull-switch', allowed: true, reason: null },
    { verb: 'switch', allowed: false, reason: 'Switch needs a pulled configuration. Pull first.' },
  ],
  intervalMs: 30_000,
  queued: 0,
  run: null,
  lastRun: null,
  lastSeenAt: AT,
  enrolledAt: AT,
  createdAt: AT,
  location: 'home',
  deviceType: 'server',
  criticality: 'high',
  themeColor: '#7aa2f7',
  icon: null,
  comment: '',
  lastAudit: null,
  lastFix: null,
  ...over,
});
