// Thousands of agents held on one process: how soon a click reaches one of them, and what each costs while it waits.
import { Order } from '@nixfleet/contract/agent.ts';
import { CreatedRuns } from '@nixfleet/contract/runs.ts';
import { pause } from '@nixfleet/kit/backoff.ts';
import { residentBytes, type Server } from './control.ts';
import { type Line, openLine, percentile, requestBuffer } from './driver.ts';
import type { SeededHost } from './seed.ts';

export type Held = { p50: number; p99: number; bytesPerAgent: number; clicks: number };

const at = '2026-01-01';

/** What differs between control and the floor. */
export type Wire = {
  hold: (host: SeededHost) => Buffer;
  click: (host: SeededHost) => Buffer;
  /** Brings a woken host back to rest, so that it can be clicked again. */
  settle: (host: SeededHost, answer: string, line: Line) => Promise<void>;
};

export const controlWire = (operatorToken: string): Wire => ({
  hold: (h) =>
    requestBuffer({
      method: 'POST',
      path: '/api/agent/checkin',
      token: h.token,
      body: { protocol: 2, instance: 'bench', waitMs: 55_000 },
    }),
  click: (h) =>
    requestBuffer({
      method: 'POST',
      path: '/api/runs',
      token: operatorToken,
      body: { verb: 'restart', hosts: [h.id] },
    }),
  async settle(h, answer, line) {
    const order = Order.parse((JSON.parse(answer) as { orders: unknown[] }).orders[0]);
    const now = Date.parse(at);
    const entries = [
      { seq: 0, at: now, kind: 'started', executor: 'detached', pid: 1 },
      {
        seq: 1,
        at: now,
        kind: 'result',
        outcome: 'succeeded',
        reason: 'bench',
        phase: null,
        running: null,
        generation: null,
        tests: null,
      },
    ];
    const sent = await line.send(
      requestBuffer({
        method: 'POST',
        path: `/api/agent/runs/${order.id}/journal`,
        token: h.token,
        body: { offset: 0, entries },
      }),
    );
    if (sent.status !== 200) throw new Error(`journal answered ${sent.status}: ${sent.body}`);
  },
});

export const floorWire: Wire = {
  hold: (h) =>
    requestBuffer({ method: 'POST', path: `/hold/${h.id}`, body: { protocol: 2, instance: 'bench', waitMs: 55_000 } }),
  click: (h) => requestBuffer({ method: 'POST', path: `/click/${h.id}`, body: { verb: 'restart' } }),
  settle: () => Promise.resolve(),
};

export async function measureHeld(server: Server, hosts: SeededHost[], wire: Wire, clicks: number): Promise<Held> {
  const lines: Line[] = [];
  // One first request settles lazily loaded code before memory is read.
  const operator = await openLine(server.port);
  await pause(500);
  const before = residentBytes(server.pid);
  const held: Promise<{ body: string; at: number }>[] = [];
  const hold = (n: number): void => {
    const host = hosts[n];
    const line = lines[n];
    if (!host || !line) throw new Error(`no host ${n}`);
    held[n] = line.send(wire.hold(host)).then((a) => ({ body: a.body, at: performance.now() }));
    // Read by whoever clicks; an answer nobody waits for (the hold is over) is not an error.
    held[n].catch(() => undefined);
  };
  for (let n = 0; n < hosts.length; n++) {
    lines.push(await openLine(server.port));
    hold(n);
  }
  await pause(2000);
  const bytesPerAgent = (residentBytes(server.pid) - before) / hosts.length;
  const latencies: number[] = [];
  for (let i = 0; i < clicks; i++) {
    const n = (i * 7919) % hosts.length;
    const host = hosts[n];
    const line = lines[n];
    const waiting = held[n];
    if (!host || !line || !waiting) throw new Error(`no host ${n}`);
    const clicked = performance.now();
    const answered = operator.send(wire.click(host));
    const woken = await waiting;
    const reply = await answered;
    if (reply.status !== 200 && reply.status !== 201)
      throw new Error(`the click answered ${reply.status}: ${reply.body}`);
    if (reply.body.includes('"results"')) CreatedRuns.parse(JSON.parse(reply.body));
    latencies.push(woken.at - clicked);
    await wire.settle(host, woken.body, line);
    hold(n);
    await pause(2);
  }
  operator.close();
  for (const line of lines) line.close();
  await pause(500);
  return { p50: percentile(latencies, 50), p99: percentile(latencies, 99), bytesPerAgent, clicks };
}
