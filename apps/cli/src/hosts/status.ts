// A host on one line: its status by the screens' rule — running first, then offline, then how the last run ended.
import { testsOfRunning } from '@nixfleet/contract/facts.ts';
import type { Host } from '@nixfleet/contract/hosts.ts';
import { shortCommit } from '../targets/words.ts';
import { span } from '@nixfleet/contract/measures.ts';
import type { Span } from '../terminal/table.ts';
import { runFootnote, statusOfRun, type Status } from '../runs/status.ts';

export function statusOfHost(host: Host, now: number): Status {
  if (host.run !== null) return statusOfRun(host.run, now);
  const queued = host.queued === 0 ? '' : `${host.queued} queued`;
  if (host.state === 'never_seen') return { sign: '○', word: 'Never seen', tone: 'mute', remark: queued };
  if (host.state === 'offline') {
    const word = host.lastSeenAt === null ? 'Offline' : `Offline for ${span(now - host.lastSeenAt)}`;
    const urgent = host.criticality !== 'low';
    return { sign: '○', word, tone: urgent ? 'bad' : 'mute', remark: queued || lastWords(host, now) };
  }
  if (host.lastRun === null) return { sign: '●', word: 'Online', tone: 'ok', remark: queued };
  const last = statusOfRun(host.lastRun, now);
  const reboot = host.facts.system?.value.rebootNeeded === true;
  const fine = host.lastRun.state === 'succeeded';
  return {
    sign: last.sign,
    word: reboot ? `${last.word}, reboot needed` : last.word,
    tone: fine && reboot ? 'warn' : last.tone,
    remark: queued || (fine ? runFootnote(host.lastRun, now) : last.remark),
  };
}

const lastWords = (host: Host, now: number): string =>
  host.lastRun === null ? '' : `last run ${statusOfRun(host.lastRun, now).word.toLowerCase()}: ${host.lastRun.verb}`;

/** "4f2c9ab ✓ current", "9c01f7e ↓ outdated", "? unknown". */
export function configSpans({ convergence }: Host): Span[] {
  const commit =
    convergence.runningCommit === null ? [] : [['plain', `${shortCommit(convergence.runningCommit)} `] as const];
  switch (convergence.status) {
    case 'current':
      return [...commit, ['ok', '✓ current']];
    case 'outdated':
      return [...commit, ['warn', '↓ outdated']];
    case 'unknown':
      return [...commit, ['mute', '? unknown']];
  }
  return convergence.status satisfies never;
}

/** Whether a host is there and what it runs: "web1  ● online  4f2c9ab ✓ current". */
export function presenceSpans(host: Host): Span[] {
  const online = host.state === 'online';
  return [
    ['strong', host.name],
    [online ? 'ok' : 'mute', online ? '  ● online  ' : `  ○ ${host.state.replace('_', ' ')}  `],
    ...configSpans(host),
  ];
}

export function testSpans(host: Host): Span[] {
  const tests = testsOfRunning(host.facts);
  if (tests === undefined) return [['mute', '–']];
  const counts = `${tests.passed}/${tests.total}`;
  return tests.failed.length > 0 ? [['bad', `✗ ${counts}`]] : [['plain', counts]];
}

const LOAD_HIGH = 85;

export const loadSpans = (percent: number | undefined): Span[] =>
  percent === undefined ? [['mute', '–']] : [[percent >= LOAD_HIGH ? 'warn' : 'plain', `${Math.round(percent)}%`]];

/** "3 hosts: 2 online, 1 offline, 1 outdated, 1 running". */
export function fleetSpans(hosts: readonly Host[]): Span[] {
  const counts: [number, string, Span[0]][] = [
    [hosts.filter((h) => h.state === 'online').length, 'online', 'plain'],
    [hosts.filter((h) => h.state !== 'online').length, 'offline', 'warn'],
    [hosts.filter((h) => h.convergence.status === 'outdated').length, 'outdated', 'warn'],
    [hosts.filter((h) => (testsOfRunning(h.facts)?.failed.length ?? 0) > 0).length, 'failing tests', 'bad'],
    [hosts.filter((h) => h.run !== null).length, 'running', 'run'],
  ];
  const said = counts.filter(([n], i) => i === 0 || n > 0);
  return [
    ['strong', `${hosts.length} host${hosts.length === 1 ? '' : 's'}`],
    ...said.flatMap(([n, word, tone], i): Span[] => [
      ['mute', i === 0 ? '  ' : ' · '],
      [tone, `${n} ${word}`],
    ]),
  ];
}
