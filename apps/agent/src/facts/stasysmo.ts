// StaSysMo's measurements, where that monitor runs: the folder of single files (`cpu`, `ram`, `swap`, `load`,
// `timestamp`) and the newer one-line snapshot. Values that are not fresh count as none.
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { MetricsFact } from '@nixfleet/contract/facts.ts';
import type * as z from 'zod';
import { readSmallFile } from './small-file.ts';
import type { Source } from './source.ts';

type Metrics = z.infer<typeof MetricsFact>;

const FOLDER_STALE_MS = 30_000;
/** StaSysMo's own rule is three of its intervals, at least this; its interval is not known here. */
const SNAPSHOT_STALE_MS = 15_000;
/** A stamp of the future comes from a clock that was set back since; the sample may be of any age. */
const FUTURE_MS = 5_000;

export async function stasysmo(source: Source): Promise<Metrics | undefined> {
  return (await fromSnapshot(source)) ?? (await fromFolder(source));
}

async function fromSnapshot({ config, os, now }: Source): Promise<Metrics | undefined> {
  const standard = os === 'darwin' ? join(homedir(), 'Library/Caches/stasysmo/snapshot') : '/run/stasysmo/snapshot';
  const line = await readSmallFile(config.stasysmoSnapshot ?? standard);
  return line === undefined ? undefined : parseSnapshot(line, now());
}

async function fromFolder({ config, os, now }: Source): Promise<Metrics | undefined> {
  const folder = config.stasysmoDir ?? (os === 'darwin' ? '/tmp/stasysmo' : '/dev/shm/stasysmo');
  const names = ['timestamp', 'cpu', 'ram', 'swap', 'load'] as const;
  const [timestamp, cpu, ram, swap, load] = await Promise.all(names.map((name) => readSmallFile(join(folder, name))));
  if (!isFresh(number(timestamp), now(), FOLDER_STALE_MS)) return undefined;
  return metrics(number(cpu), number(ram), number(swap) ?? 0, number(load) ?? 0);
}

/** `v1 <epoch> <cpu%> <ram%> <swap%> <load1> <ncpu>`; anything else is undefined. */
export function parseSnapshot(line: string, now: number): Metrics | undefined {
  const [version, ...fields] = line.split(/\s+/);
  const [epoch, cpu, ram, swap, load] = fields.map(number);
  if (version !== 'v1' || !isFresh(epoch, now, SNAPSHOT_STALE_MS)) return undefined;
  return metrics(cpu, ram, swap, load);
}

const isFresh = (epoch: number | undefined, now: number, staleMs: number): boolean =>
  epoch !== undefined && now - epoch * 1000 <= staleMs && epoch * 1000 - now <= FUTURE_MS;

/** The first number of a text such as `12.5%` or `0.52 0.40 0.31`. */
function number(text: string | undefined): number | undefined {
  const match = text === undefined ? null : /^\s*(\d+(?:\.\d+)?)%?(?:\s|$)/.exec(text);
  return match ? Number(match[1]) : undefined;
}

function metrics(cpu?: number, ram?: number, swap?: number, load?: number): Metrics | undefined {
  if (cpu === undefined || ram === undefined || swap === undefined || load === undefined) return undefined;
  return { cpu: percent(cpu), ram: percent(ram), swap: percent(swap), load, source: 'stasysmo' };
}

/** Within 0–100, one decimal. */
export const percent = (n: number): number => Math.round(Math.min(100, Math.max(0, n)) * 10) / 10;
