// `npm run bench`: what the control plane does on this machine, each figure beside a floor measured in the same run, as a
// table and as JSON (`--json FILE`). The figures' aims are in docs/guides/performance.md.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { HASH_SECRET, type Server, startControl, startFloor } from './control.ts';
import { openLine, percentile, requestBuffer, throughput } from './driver.ts';
import { controlWire, floorWire, measureHeld } from './hold.ts';
import { measureJournal } from './journal.ts';
import { type Figure, table } from './report.ts';
import { type SeededHost, seedHosts } from './seed.ts';

const { values: flags } = parseArgs({
  options: { json: { type: 'string' }, quick: { type: 'boolean', default: false } },
});
const scale = flags.quick ? 0.2 : 1;
const say = (text: string): void => void process.stderr.write(`${text}\n`);

async function withControl<T>(
  count: number,
  work: (control: Server & { token: string }, hosts: SeededHost[]) => Promise<T>,
): Promise<T> {
  const dataDir = mkdtempSync(join(tmpdir(), 'nixfleet-bench-'));
  const hosts = await seedHosts({ dataDir, hashSecret: HASH_SECRET, count, now: Date.now() });
  const control = await startControl(dataDir);
  try {
    return await work(control, hosts);
  } finally {
    await control.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function withFloor<T>(kind: 'fastify' | 'http', work: (floor: Server) => Promise<T>): Promise<T> {
  const floor = await startFloor(kind);
  try {
    return await work(floor);
  } finally {
    await floor.stop();
  }
}

async function held(count: number): Promise<Figure[]> {
  say(`held: ${count} agents on one process`);
  const clicks = Math.round(500 * scale);
  const here = await withControl(count, (c, hosts) => measureHeld(c, hosts, controlWire(c.token), clicks));
  const ids = Array.from({ length: count }, (_, n): SeededHost => ({ id: `h${n}`, name: '', token: '' }));
  const floor = await withFloor('fastify', (f) => measureHeld(f, ids, floorWire, clicks));
  const name = 'bare Fastify';
  return [
    {
      name: `click → agent p50, ${count} held`,
      unit: 'ms',
      value: here.p50,
      floor: floor.p50,
      floorName: name,
      aim: null,
      met: null,
    },
    {
      name: `click → agent p99, ${count} held`,
      unit: 'ms',
      value: here.p99,
      floor: floor.p99,
      floorName: name,
      aim: '< 250 ms',
      met: here.p99 < 250,
    },
    {
      name: `memory per held agent, ${count} held`,
      unit: 'KB',
      value: here.bytesPerAgent / 1000,
      floor: floor.bytesPerAgent / 1000,
      floorName: name,
      aim: '≤ 25 KB',
      met: here.bytesPerAgent <= 25_000,
    },
  ];
}

/** What each agent more costs: the first thousand also pay for code and buffers that the process needs but once. */
function furtherAgent(few: Figure[], many: Figure[]): Figure {
  const memory = (figures: Figure[]): Figure => required(figures.find((f) => f.unit === 'KB'));
  const [less, more] = [memory(few), memory(many)];
  const slope = (of: (f: Figure) => number): number => (of(more) * 5000 - of(less) * 1000) / 4000;
  const value = slope((f) => f.value);
  return {
    ...more,
    name: 'memory per further agent, 1000 → 5000',
    value,
    floor: slope((f) => f.floor ?? Number.NaN),
    met: value <= 25,
  };
}

const checkinBody = {
  protocol: 2,
  instance: 'bench',
  waitMs: 0,
  facts: { metrics: { ageMs: 0, value: { cpu: 7, ram: 41, swap: 0, load: 0.42, source: 'native' } } },
};

async function checkins(): Promise<Figure[]> {
  say('check-ins: with authentication and persistence, one metrics section each');
  const ms = 5000 * scale;
  const load = { lines: 64, ms };
  const here = await withControl(1000, async (c, hosts) => {
    const requests = hosts.map((h) =>
      requestBuffer({ method: 'POST', path: '/api/agent/checkin', token: h.token, body: checkinBody }),
    );
    const request = (n: number): Buffer => requests[n % requests.length] ?? Buffer.alloc(0);
    // Once round: the first check-in of an agent process is stored at once, and is no steady state.
    for (const lines of [hosts.length, 64]) await throughput({ port: c.port, lines, ms: 1000, request });
    return throughput({ port: c.port, ...load, request });
  });
  const request = (): Buffer =>
    requestBuffer({ method: 'POST', path: '/checkin', token: 'x'.repeat(50), body: checkinBody });
  const floors = [];
  for (const kind of ['fastify', 'http'] as const)
    floors.push(
      await withFloor(
        kind,
        async (f) => (
          await throughput({ port: f.port, ...load, ms: 1000, request }),
          throughput({ port: f.port, ...load, request })
        ),
      ),
    );
  if (here.failed > 0) throw new Error(`${here.failed} of ${here.count} check-ins failed`);
  const figure = (floor: number, floorName: string, aim: string, met: boolean): Figure => ({
    name: 'check-ins',
    unit: '/s',
    value: here.perSecond,
    floor,
    floorName,
    aim,
    met,
  });
  const [fastify, http] = floors.map((f) => f.perSecond) as [number, number];
  return [
    figure(fastify, 'bare Fastify', '≥ 3 000 /s', here.perSecond >= 3000),
    figure(http, 'node:http', 'within 2×', http / here.perSecond <= 2),
  ];
}

async function journalLines(): Promise<Figure[]> {
  say('journal: agent → control → operator’s open stream');
  const lines = Math.round((40_000 * scale) / 200) * 200;
  const here = await withControl(1, (c, [host]) =>
    measureJournal(c, { host: required(host), operatorToken: c.token, lines }),
  );
  const host = { id: 'bench', name: '', token: '' };
  const floor = await withFloor('fastify', (f) => measureJournal(f, { host, lines }));
  return [
    {
      name: 'journal lines end to end',
      unit: '/s',
      value: here,
      floor,
      floorName: 'bare Fastify',
      aim: 'within 2×',
      met: floor / here <= 2,
    },
  ];
}

async function hostPage(): Promise<Figure[]> {
  say('hosts: a page of 100 out of 10 000');
  const rounds = Math.round(300 * scale);
  const times = async (server: Server, request: Buffer): Promise<{ p50: number; body: string }> => {
    const line = await openLine(server.port);
    const ms: number[] = [];
    let body = '';
    for (let i = 0; i < rounds; i++) {
      const answer = await line.send(request);
      if (answer.status !== 200) throw new Error(`the page answered ${answer.status}: ${answer.body}`);
      body = answer.body;
      ms.push(answer.ms);
    }
    line.close();
    return { p50: percentile(ms, 50), body };
  };
  const here = await withControl(10_000, async (c, hosts) =>
    times(
      c,
      requestBuffer({
        method: 'GET',
        path: `/api/hosts?limit=100&after=${encodeURIComponent(hosts[4999]?.name ?? '')}`,
        token: c.token,
      }),
    ),
  );
  const floor = await withFloor('fastify', async (f) => {
    const line = await openLine(f.port);
    await line.send(requestBuffer({ method: 'PUT', path: '/page', body: JSON.parse(here.body) as unknown }));
    line.close();
    return times(f, requestBuffer({ method: 'GET', path: '/page' }));
  });
  return [
    {
      name: 'page of 100 of 10 000 hosts, p50',
      unit: 'ms',
      value: here.p50,
      floor: floor.p50,
      floorName: 'bare Fastify, same bytes',
      aim: 'within 2×',
      met: here.p50 / floor.p50 <= 2,
    },
  ];
}

const required = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('the database was seeded with no host');
  return value;
};

const figures: Figure[] = [];
const [few, many] = [await held(1000), await held(5000)];
figures.push(...few, ...many, furtherAgent(few, many));
for (const part of [checkins, journalLines, hostPage]) figures.push(...(await part()));
const machine = { cpu: cpus()[0]?.model ?? '?', cores: cpus().length, node: process.version };
process.stdout.write(`${table(figures)}\n\n${machine.cpu}, ${machine.cores} cores, Node ${machine.node}\n`);
const json = JSON.stringify({ machine, figures }, null, 2);
if (flags.json) writeFileSync(flags.json, `${json}\n`);
else process.stdout.write(`${json}\n`);
