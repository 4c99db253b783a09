// One host as a page of text: what it is doing, whether it can be trusted, what may be asked of it.
import type { Host } from '@nixfleet/contract/hosts.ts';
import { endLines } from '../runs/ending.ts';
import { shortCommit } from '../targets/words.ts';
import { absolute, ago } from '@nixfleet/contract/measures.ts';
import type { Screen } from '../terminal/screen.ts';
import { type Cell, definitions, paintSpans, table } from '../terminal/table.ts';
import { configSpans, loadSpans, statusOfHost, testSpans } from './status.ts';

const GENERATIONS_SHOWN = 8;

export function hostLines(host: Host, now: number, { paint, columns }: Pick<Screen, 'paint' | 'columns'>): string[] {
  const status = statusOfHost(host, now);
  const trouble = host.run === null && host.lastRun !== null && host.lastRun.state !== 'succeeded';
  return [
    paintSpans(
      [
        ['strong', host.name],
        ['plain', '  '],
        [status.tone, `${status.sign} ${status.word}`],
        ['mute', `  ${status.remark}`],
      ],
      paint,
    ),
    '',
    ...(trouble && host.lastRun ? [...endLines(host.lastRun, paint), ''] : []),
    ...definitions(rowsOf(host, now), paint),
    ...generationLines(host, now, { paint, columns }),
    ...permissionLines(host, { paint, columns }),
  ];
}

function rowsOf(host: Host, now: number): [string, Cell][] {
  const { system, config, metrics, agent } = host.facts;
  const rows: [string, Cell][] = [
    ['Id', host.id],
    ['Config', [...configSpans(host), ['mute', `  ${host.convergence.reason}`]]],
    ['Tests', testSpans(host)],
  ];
  if (metrics)
    rows.push([
      'Load',
      [
        ['mute', 'CPU '],
        ...loadSpans(metrics.value.cpu),
        ['mute', '  RAM '],
        ...loadSpans(metrics.value.ram),
        ['mute', `  load ${metrics.value.load}`],
      ],
    ]);
  if (system) {
    rows.push([
      'System',
      [system.value.osName, system.value.osVersion, system.value.kernel ?? ''].filter(Boolean).join(' '),
    ]);
    rows.push(['Running', system.value.running ?? 'unknown']);
    if (system.value.rebootNeeded)
      rows.push(['Reboot', [['warn', 'needed: the booted system is not the running one']]]);
  }
  if (config?.value.commit) rows.push(['Pulled', shortCommit(config.value.commit)]);
  rows.push([
    'Agent',
    `${host.agentKind === 'legacy' ? 'legacy agent' : 'nixfleet-agent'} ${host.agentVersion ?? ''}`.trim(),
  ]);
  if (agent)
    rows.push(['Trust', agent.value.trustedSigners ? 'deploys signed commits only' : 'does not check signatures']);
  rows.push(['Attribute', host.attribute ?? 'unknown']);
  rows.push([
    'Place',
    `${host.location || 'no location'}, ${host.deviceType || 'no device type'}, criticality ${host.criticality}`,
  ]);
  if (host.comment !== '') rows.push(['Comment', host.comment]);
  if (host.lastAudit !== null) rows.push(['Audited', host.lastAudit]);
  if (host.lastFix !== null) rows.push(['Fixed', host.lastFix]);
  rows.push([
    'Seen',
    host.lastSeenAt === null ? 'never' : `${ago(host.lastSeenAt, now)} (${absolute(host.lastSeenAt)})`,
  ]);
  return rows;
}

function generationLines(host: Host, now: number, { paint, columns }: Pick<Screen, 'paint' | 'columns'>): string[] {
  const generations = (host.facts.system?.value.generations ?? []).toSorted((a, b) => b.number - a.number);
  if (generations.length === 0) return [];
  return [
    '',
    ...table(
      [
        { head: 'Generation', cell: (g) => [[g.current ? 'ok' : 'plain', `${g.current ? '●' : ' '} ${g.number}`]] },
        { head: 'Commit', cell: (g) => (g.commit === null ? [['mute', 'unknown']] : shortCommit(g.commit)) },
        { head: 'Made', cell: (g) => [['mute', ago(g.at, now)]] },
        { head: 'Store path', cell: (g) => [['mute', g.storePath]], from: 80, min: 20 },
      ],
      generations.slice(0, GENERATIONS_SHOWN),
      { columns: columns(), paint },
    ),
  ];
}

/** Disabled verbs with their reason: every dead end has a door. */
function permissionLines(host: Host, { paint, columns }: Pick<Screen, 'paint' | 'columns'>): string[] {
  const allowed = host.permissions.filter((p) => p.allowed).map((p) => p.verb);
  const refused = host.permissions.filter((p) => !p.allowed);
  return [
    '',
    paintSpans(
      [
        ['mute', 'Can run  '],
        ['plain', allowed.length === 0 ? 'nothing now' : allowed.join(', ')],
      ],
      paint,
    ),
    ...table(
      [
        { head: '', cell: (p) => [['mute', `– ${p.verb}`]] },
        { head: '', cell: (p) => [['mute', p.reason ?? 'not now']], min: 20 },
      ],
      refused,
      { columns: columns(), paint },
    ).slice(1),
  ];
}
