// What a host or a run is, in a few words and a tone: the status line of the screens.
import type { Host } from '@nixfleet/contract/hosts.ts';
import { ago, duration, span } from '@nixfleet/contract/measures.ts';
import type { RunState, Run } from '@nixfleet/contract/runs.ts';
import { isOutcome, outcomeWord, phaseWords } from '@nixfleet/contract/words.ts';

export type Tone = 'ok' | 'run' | 'warn' | 'back' | 'bad' | 'gate' | 'mute' | 'solid';
export type Status = { word: string; remark: string; tone: Tone; sign: string };

const faces: Record<RunState, { tone: Tone; sign: string }> = {
  queued: { tone: 'mute', sign: '◌' },
  offered: { tone: 'run', sign: '◌' },
  running: { tone: 'run', sign: '▸' },
  succeeded: { tone: 'ok', sign: '✓' },
  rolled_back: { tone: 'back', sign: '↶' },
  half_activated: { tone: 'solid', sign: '◐' },
  failed: { tone: 'bad', sign: '✗' },
  refused: { tone: 'gate', sign: '⊘' },
  interrupted: { tone: 'warn', sign: '↯' },
  cancelled: { tone: 'mute', sign: '∅' },
  timed_out: { tone: 'warn', sign: '◷' },
  expired: { tone: 'mute', sign: '⧖' },
};

export function statusOfRun(run: Run, now: number): Status {
  const { state } = run;
  const face = faces[state];
  if (isOutcome(state)) {
    const took = run.startedAt !== null && run.finishedAt !== null ? duration(run.finishedAt - run.startedAt) : null;
    const about = [run.verb, ago(run.finishedAt ?? run.createdAt, now), took].filter((s) => s !== null).join(' · ');
    return { ...face, word: outcomeWord[state], remark: state === 'succeeded' ? about : (run.reason ?? about) };
  }
  if (state === 'queued') return { ...face, word: 'Queued', remark: `${run.verb}, for ${span(now - run.createdAt)}` };
  if (state === 'offered') return { ...face, word: 'Handed over', remark: `${run.verb}: the host has not begun yet` };
  const { progress, phase } = run;
  const counted = progress !== null && progress.expected > 0 ? ` ${progress.done}/${progress.expected}` : '';
  const since = run.startedAt === null ? '' : duration(now - run.startedAt);
  return {
    ...face,
    word: `${phase === null ? 'Running' : phaseWords[phase].now}${counted}`,
    remark: [progress?.current, since, run.slow && 'slow'].filter(Boolean).join(' · '),
    tone: run.slow ? 'warn' : 'run',
  };
}

/** Running first, then absence, then how the last run ended. */
export function statusOfHost(host: Host, now: number): Status {
  if (host.run) return statusOfRun(host.run, now);
  const waits = host.queued > 0 ? `${host.queued} queued` : '';
  if (host.state === 'never_seen')
    return { word: 'Never seen', remark: waits || 'its agent has not called yet', tone: 'mute', sign: '○' };
  if (host.state === 'offline') {
    const word = host.lastSeenAt === null ? 'Offline' : `Offline for ${span(now - host.lastSeenAt)}`;
    const last = host.lastRun
      ? `last run ${statusOfRun(host.lastRun, now).word.toLowerCase()}: ${host.lastRun.verb}`
      : '';
    return { word, remark: waits || last, tone: host.criticality === 'low' ? 'mute' : 'bad', sign: '○' };
  }
  if (!host.lastRun) return { word: 'Online', remark: waits || 'nothing was run here yet', tone: 'ok', sign: '●' };
  const last = statusOfRun(host.lastRun, now);
  const reboot = host.facts.system?.value.rebootNeeded === true && host.lastRun.state === 'succeeded';
  return {
    ...last,
    word: reboot ? `${last.word}, reboot needed` : last.word,
    remark: waits || last.remark,
    tone: reboot ? 'warn' : last.tone,
  };
}

const osNames: Record<Host['platform'], string> = {
  nixos: 'NixOS',
  'nix-darwin': 'macOS, nix-darwin',
  'home-manager': 'Home Manager',
  macos: 'macOS',
  linux: 'Linux',
};

export function systemName(host: Host): string {
  const system = host.facts.system?.value;
  const legacy = host.agentKind === 'legacy' ? ' · legacy agent' : '';
  if (!system) return `${osNames[host.platform]}${legacy}`;
  const name = host.platform === 'home-manager' ? `Home Manager on ${system.osName}` : system.osName;
  return `${name} ${system.osVersion}${legacy}`;
}

export const shortCommit = (commit: string): string => commit.slice(0, 7);
