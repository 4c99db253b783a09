// The table and the JSON of a benchmark run: each figure beside its floor of the same run and its aim.

export type Figure = {
  name: string;
  unit: string;
  value: number;
  /** The same done by the least server possible, in this run. */
  floor: number | null;
  floorName: string | null;
  /** How the aim reads, and whether it was met; null where there is none. */
  aim: string | null;
  met: boolean | null;
};

const number = (n: number): string =>
  n >= 1000 ? Math.round(n).toLocaleString('en-GB').replaceAll(',', ' ') : n >= 10 ? n.toFixed(1) : n.toFixed(2);

/** value / floor, the way that makes 1 the floor and more than 1 worse. */
export function ratio(f: Figure): number | null {
  if (f.floor === null || f.floor === 0) return null;
  return f.unit.endsWith('/s') ? f.floor / f.value : f.value / f.floor;
}

export function table(figures: readonly Figure[]): string {
  const rows = figures.map((f) => {
    const r = ratio(f);
    return [
      f.name,
      `${number(f.value)} ${f.unit}`,
      f.floor === null ? '—' : `${number(f.floor)} ${f.unit} (${f.floorName})`,
      r === null ? '—' : `${r.toFixed(2)}×`,
      f.aim === null ? '—' : `${f.aim}: ${f.met ? 'met' : 'MISSED'}`,
    ];
  });
  const head = ['figure', 'here', 'floor', 'ratio', 'aim'];
  const widths = head.map((h, i) => Math.max(h.length, ...rows.map((r) => r[i]?.length ?? 0)));
  const line = (r: string[]): string =>
    r
      .map((c, i) => c.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(head), widths.map((w) => '─'.repeat(w)).join('  '), ...rows.map(line)].join('\n');
}
