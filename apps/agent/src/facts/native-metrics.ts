// Metrics from the operating system itself, where no StaSysMo runs: /proc on Linux, vm_stat and sysctl on macOS.
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { MetricsFact } from '@nixfleet/contract/facts.ts';
import { pause } from '@nixfleet/kit/backoff.ts';
import type * as z from 'zod';
import { busyMeter, type Ticks, ticksOfProcStat } from './cpu.ts';
import { readSmallFile } from './small-file.ts';
import { ask, type Source } from './source.ts';
import { percent } from './stasysmo.ts';

type Metrics = z.infer<typeof MetricsFact>;

/** The first measurement needs two looks; this far apart. */
const FIRST_LOOK_MS = 250;

export function nativeMetrics(source: Source): () => Promise<Metrics | undefined> {
  const meter = busyMeter();
  const ticks = source.os === 'darwin' ? ticksOfNode : () => ticksOfProc(source);
  const memory = source.os === 'darwin' ? memoryOfMac : memoryOfProc;
  const load = source.os === 'darwin' ? loadOfMac : loadOfProc;
  const busy = async (): Promise<number | undefined> => {
    const look = await ticks();
    return look && meter(look);
  };
  return async () => {
    const cpu = (await busy()) ?? (await pause(FIRST_LOOK_MS).then(busy));
    const [used, average] = await Promise.all([memory(source), load(source)]);
    if (cpu === undefined || !used || average === undefined) return undefined;
    return { cpu, ...used, load: average, source: 'native' };
  };
}

type Memory = { ram: number; swap: number };

const share = (used: number, whole: number): number => (whole > 0 ? percent((100 * used) / whole) : 0);

async function ticksOfProc({ proc }: Source): Promise<Ticks | undefined> {
  const text = await readSmallFile(join(proc, 'stat'));
  return text === undefined ? undefined : ticksOfProcStat(text);
}

/** macOS has no tool that gives ticks; Node asks the kernel. Milliseconds, so a tenth of them are like Linux's ticks. */
async function ticksOfNode(): Promise<Ticks | undefined> {
  const all = cpus().map(({ times: t }) => ({ busy: t.user + t.nice + t.sys + t.irq, idle: t.idle }));
  const busy = all.reduce((sum, t) => sum + t.busy, 0);
  return all.length === 0
    ? undefined
    : { busy: busy / 10, total: (busy + all.reduce((sum, t) => sum + t.idle, 0)) / 10 };
}

async function memoryOfProc({ proc }: Source): Promise<Memory | undefined> {
  const text = await readSmallFile(join(proc, 'meminfo'));
  return text === undefined ? undefined : parseMeminfo(text);
}

/** Memory that cannot be had without swapping counts as used: MemTotal − MemAvailable. */
export function parseMeminfo(text: string): Memory | undefined {
  const kib = (key: string): number | undefined => {
    const match = new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(text);
    return match ? Number(match[1]) : undefined;
  };
  const total = kib('MemTotal');
  const available = kib('MemAvailable') ?? kib('MemFree');
  if (total === undefined || available === undefined) return undefined;
  const swap = kib('SwapTotal') ?? 0;
  return { ram: share(total - available, total), swap: share(swap - (kib('SwapFree') ?? swap), swap) };
}

async function loadOfProc({ proc }: Source): Promise<number | undefined> {
  return firstNumber(await readSmallFile(join(proc, 'loadavg')));
}

async function memoryOfMac(source: Source): Promise<Memory | undefined> {
  const [pages, bytes, swap] = await Promise.all([
    ask(source, 'vm_stat'),
    ask(source, 'sysctl', '-n', 'hw.memsize'),
    ask(source, 'sysctl', '-n', 'vm.swapusage'),
  ]);
  if (pages === undefined || bytes === undefined) return undefined;
  const used = usedOfVmStat(pages);
  return used === undefined ? undefined : { ram: share(used, Number(bytes)), swap: parseSwapUsage(swap ?? '') };
}

/** Bytes that Activity Monitor calls used: active, wired and compressed. */
export function usedOfVmStat(text: string): number | undefined {
  const pageSize = /page size of (\d+) bytes/.exec(text)?.[1];
  const pages = ['Pages active', 'Pages wired down', 'Pages occupied by compressor'].map(
    (key) => new RegExp(`^${key}:\\s+(\\d+)\\.?$`, 'm').exec(text)?.[1],
  );
  if (pageSize === undefined || pages[0] === undefined || pages[1] === undefined) return undefined;
  return Number(pageSize) * pages.reduce((sum, n) => sum + Number(n ?? 0), 0);
}

/** `total = 2048.00M  used = 512.00M  free = 1536.00M  (encrypted)`; the decimal sign follows the locale. */
export function parseSwapUsage(text: string): number {
  const of = (key: string): number =>
    Number(new RegExp(`${key} = ([\\d.,]+)M`).exec(text)?.[1]?.replace(',', '.') ?? 0);
  return share(of('used'), of('total'));
}

/** `{ 1.83 1.57 1.44 }`. */
async function loadOfMac(source: Source): Promise<number | undefined> {
  return firstNumber((await ask(source, 'sysctl', '-n', 'vm.loadavg'))?.replace(/^\{\s*/, ''));
}

function firstNumber(text: string | undefined): number | undefined {
  const n = Number.parseFloat(text?.replace(',', '.') ?? '');
  return Number.isFinite(n) && n >= 0 ? n : undefined;
}
