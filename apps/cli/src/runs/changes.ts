// The packages a deployment changes, as text: counted, and listed with what may hurt first.
import type { EntryOf, PackageChange } from '@nixfleet/contract/journal.ts';
import { sizeChange } from '@nixfleet/contract/measures.ts';
import type { Span } from '../terminal/table.ts';

type Kind = 'removed' | 'downgraded' | 'changed' | 'added' | 'upgraded';
const order: readonly Kind[] = ['removed', 'downgraded', 'changed', 'added', 'upgraded'];
const signs: Record<Kind, Span> = {
  removed: ['bad', '−'],
  downgraded: ['warn', '↓'],
  changed: ['mute', '~'],
  added: ['accent', '+'],
  upgraded: ['ok', '↑'],
};

/** Versions by Nix’s own rule (builtins.compareVersions), without its special case for "pre". */
export function compareVersions(a: string, b: string): number {
  const parts = (v: string): string[] => v.match(/\d+|[^\d.-]+/g) ?? [];
  const [left, right] = [parts(a), parts(b)];
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const [l = '', r = ''] = [left[i], right[i]];
    if (l === r) continue;
    const [ln, rn] = [/^\d+$/.test(l), /^\d+$/.test(r)];
    if (ln && rn && Number(l) !== Number(r)) return Number(l) - Number(r);
    if (ln !== rn) return ln || r === '' ? 1 : -1;
    if (!ln && l !== r) return l < r ? -1 : 1;
  }
  return 0;
}

export function kindOf({ from, to }: PackageChange): Kind {
  if (to === null) return 'removed';
  if (from === null) return 'added';
  const compared = compareVersions(to, from);
  return compared > 0 ? 'upgraded' : compared < 0 ? 'downgraded' : 'changed';
}

const LISTED = 40;

/** "1 removed, 1 added, 15 upgraded, +34.9 MiB", then a line per package. */
export function changeLines(diff: EntryOf<'diff'>): Span[][] {
  const sorted = diff.packages
    .map((p) => ({ ...p, kind: kindOf(p) }))
    .sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || a.name.localeCompare(b.name));
  const counts = order
    .map((kind) => [sorted.filter((p) => p.kind === kind).length, kind] as const)
    .filter(([n]) => n > 0)
    .map(([n, kind]) => `${n} ${kind}`);
  const width = Math.max(0, ...sorted.slice(0, LISTED).map((p) => p.name.length));
  return [
    [['plain', `${counts.length === 0 ? 'no package changes' : counts.join(', ')}, ${sizeChange(diff.sizeDelta)}`]],
    ...sorted
      .slice(0, LISTED)
      .map((p): Span[] => [
        signs[p.kind],
        ['plain', ` ${p.name.padEnd(width)}  `],
        ['mute', p.from === null ? `${p.to}` : p.to === null ? p.from : `${p.from} → ${p.to}`],
        ['mute', `  ${sizeChange(p.sizeDelta)}`],
      ]),
    ...(sorted.length > LISTED ? [[['mute', `… and ${sorted.length - LISTED} more`] as const]] : []),
    ...(diff.units ?? []).map((unit): Span[] => [['mute', `  ${unit}`]]),
  ];
}
