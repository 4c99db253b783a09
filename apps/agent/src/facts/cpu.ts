// How busy the processors were between two looks, in percent.
import { percent } from './stasysmo.ts';

/** Ticks since boot, in whatever unit. */
export type Ticks = { busy: number; total: number };

/** Between two looks this close (share of a second per processor) the kernel's ticks are too coarse to say anything. */
const MIN_TICKS = 10;

/** The first line of /proc/stat: user nice system idle iowait irq softirq steal guest guest_nice (guest is in user). */
export function ticksOfProcStat(text: string): Ticks | undefined {
  const line = /^cpu +([\d ]+)$/m.exec(text)?.[1];
  if (line === undefined) return undefined;
  const ticks = line.trim().split(/ +/).map(Number).slice(0, 8);
  const total = ticks.reduce((a, b) => a + b, 0);
  return { total, busy: total - (ticks[3] ?? 0) - (ticks[4] ?? 0) };
}

/** Keeps the last look; undefined until two looks lie far enough apart. A counter that went backwards starts anew. */
export function busyMeter(): (now: Ticks) => number | undefined {
  let before: Ticks | undefined;
  let last: number | undefined;
  return (now) => {
    if (!before || now.total < before.total) {
      before = now;
      return last;
    }
    const total = now.total - before.total;
    if (total < MIN_TICKS) return last;
    last = percent((100 * (now.busy - before.busy)) / total);
    before = now;
    return last;
  };
}
