// Metrics: StaSysMo's formats with their rules of freshness, else the system's own numbers on Linux and macOS.
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { busyMeter, ticksOfProcStat } from './cpu.ts';
import { nativeMetrics, parseMeminfo, parseSwapUsage, usedOfVmStat } from './native-metrics.ts';
import { parseSnapshot, stasysmo } from './stasysmo.ts';
import { makeSource, stubTool } from './testing/source.ts';

const NOW = 1_800_000_000_000;
const epoch = NOW / 1000;

test('a fresh snapshot is taken, a stale, future or garbled one is not', () => {
  const good = { cpu: 12.5, ram: 40, swap: 0, load: 0.52, source: 'stasysmo' };
  assert.deepEqual(parseSnapshot(`v1 ${epoch - 14} 12.5% 40% 0% 0.52 8`, NOW), good);
  assert.deepEqual(parseSnapshot(`v1 ${epoch} 12.5 40 0 0.52 8`, NOW), good);
  for (const line of [
    `v1 ${epoch - 16} 12.5 40 0 0.52 8`,
    `v1 ${epoch + 60} 12.5 40 0 0.52 8`,
    `v2 ${epoch} 12.5 40 0 0.52 8`,
    `v1 ${epoch} 12.5 40`,
    `v1 ${epoch} NaN 40 0 0.52 8`,
    '',
  ])
    assert.equal(parseSnapshot(line, NOW), undefined, line);
});

test('StaSysMo’s folder counts for 30 s, and needs cpu and ram', async (t) => {
  const source = makeSource(t, { now: () => NOW });
  const folder = source.config.stasysmoDir ?? '';
  mkdirSync(folder);
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), `${text}\n`);
  write('cpu', '7');
  write('load', '0.31 0.28 0.25');
  write('timestamp', String(epoch - 30));
  assert.equal(await stasysmo(source), undefined, 'no ram');
  write('ram', '130');
  assert.deepEqual(await stasysmo(source), { cpu: 7, ram: 100, swap: 0, load: 0.31, source: 'stasysmo' });
  write('timestamp', String(epoch - 31));
  assert.equal(await stasysmo(source), undefined, 'stale');
});

test('a pipe or a link in the place of a measurement is not waited for and not followed', async (t) => {
  const source = makeSource(t, { now: () => NOW });
  const folder = source.config.stasysmoDir ?? '';
  mkdirSync(folder);
  execFileSync('mkfifo', [join(folder, 'cpu')]);
  symlinkSync('/etc/passwd', join(folder, 'ram'));
  writeFileSync(join(folder, 'timestamp'), String(epoch));
  assert.equal(await stasysmo(source), undefined);
});

test('processors are busy by the ticks between two looks', () => {
  const meter = busyMeter();
  assert.equal(meter({ busy: 100, total: 1000 }), undefined);
  assert.equal(meter({ busy: 150, total: 1100 }), 50);
  assert.equal(meter({ busy: 151, total: 1101 }), 50, 'too close to say anything new');
  assert.equal(meter({ busy: 10, total: 20 }), 50, 'a counter that starts anew is no drop');
  assert.equal(meter({ busy: 10, total: 120 }), 0);
  assert.deepEqual(ticksOfProcStat('cpu  10 1 5 80 4 0 1 0 3 0\ncpu0 1 2 3 4\n'), { busy: 17, total: 101 });
});

test('memory on Linux is what cannot be had without swapping', () => {
  const text =
    'MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    750 kB\nSwapTotal: 200 kB\nSwapFree: 150 kB\n';
  assert.deepEqual(parseMeminfo(text), { ram: 25, swap: 25 });
  assert.deepEqual(parseMeminfo('MemTotal: 1000 kB\nMemFree: 400 kB\n'), { ram: 60, swap: 0 });
  assert.equal(parseMeminfo('nonsense'), undefined);
});

test('this very machine has metrics', async (t) => {
  const metrics = await nativeMetrics(makeSource(t, { proc: '/proc' }))();
  assert.equal(metrics?.source, 'native');
  assert.ok(metrics.ram > 0 && metrics.ram <= 100 && metrics.load >= 0);
});

const VM_STAT = `Mach Virtual Memory Statistics: (page size of 16384 bytes)
Pages free:                               10000.
Pages active:                             20000.
Pages inactive:                           20000.
Pages wired down:                          8000.
Pages occupied by compressor:              4000.
`;

test('a Mac’s memory, swap and load come from its tools', async (t) => {
  assert.equal(usedOfVmStat(VM_STAT), 32_000 * 16_384);
  assert.equal(parseSwapUsage('total = 2048,00M  used = 512,00M  free = 1536,00M  (encrypted)'), 25);
  const source = makeSource(t, { os: 'darwin' });
  stubTool(source, 'vm_stat', `cat <<'END'\n${VM_STAT}END`);
  stubTool(
    source,
    'sysctl',
    `case "$2" in
hw.memsize) echo ${64_000 * 16_384};;
vm.swapusage) echo 'total = 2048.00M  used = 1024.00M  free = 1024.00M  (encrypted)';;
vm.loadavg) echo '{ 1.83 1.57 1.44 }';;
*) exit 1;; esac`,
  );
  const metrics = await nativeMetrics(source)();
  assert.deepEqual({ ...metrics, cpu: 0 }, { cpu: 0, ram: 50, swap: 50, load: 1.83, source: 'native' });
});

test('a Mac without its tools has no metrics rather than wrong ones', async (t) => {
  assert.equal(await nativeMetrics(makeSource(t, { os: 'darwin' }))(), undefined);
});
