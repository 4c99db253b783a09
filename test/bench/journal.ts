// Journal lines from an agent's request to an operator's open stream, end to end.
import { request } from 'node:http';
import { Order } from '@nixfleet/contract/agent.ts';
import type { Server } from './control.ts';
import { openLine, requestBuffer } from './driver.ts';
import type { SeededHost } from './seed.ts';

const BATCH = 200;
const text = 'building /nix/store/0123456789abcdfghijklmnpqrsvwxyz-nginx-1.27.1.drv: copying path to the store';

const entries = (from: number) =>
  Array.from({ length: BATCH }, (_, n) => ({
    seq: from + n,
    at: 1_700_000_000_000,
    kind: 'output',
    phase: 'build',
    stream: 'stdout',
    text,
  }));

/** Resolves when the stream has shown `count` entries; rejects after `ms`. */
function streamed(
  port: number,
  path: string,
  token: string | undefined,
  count: number,
  ms: number,
): { ready: Promise<void>; all: Promise<void> } {
  let ready!: () => void;
  const isReady = new Promise<void>((resolve) => (ready = resolve));
  const all = new Promise<void>((resolve, reject) => {
    let seen = 0;
    let rest = '';
    const timer = setTimeout(() => reject(new Error(`the stream showed ${seen} of ${count} entries in ${ms} ms`)), ms);
    const r = request(
      {
        port,
        host: '127.0.0.1',
        path,
        agent: false,
        headers: { accept: 'text/event-stream', ...(token ? { authorization: `Bearer ${token}` } : {}) },
      },
      (response) => {
        ready();
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          const parts = (rest + chunk).split('event: entry\n');
          seen += parts.length - 1;
          rest = (parts.at(-1) ?? '').slice(-20);
          if (seen < count) return;
          clearTimeout(timer);
          r.destroy();
          resolve();
        });
      },
    );
    r.on('error', (error) => (seen >= count ? resolve() : reject(error)));
    r.end();
  });
  all.catch(() => undefined);
  return { ready: isReady, all };
}

/** Lines a second: from the first request to the last line on the reader's side. */
export async function measureJournal(
  server: Server,
  o: { host: SeededHost; operatorToken?: string; lines: number },
): Promise<number> {
  const line = await openLine(server.port);
  const control = o.operatorToken !== undefined;
  let id = o.host.id;
  if (control) {
    const queued = await line.send(
      requestBuffer({
        method: 'POST',
        path: '/api/runs',
        token: o.operatorToken ?? '',
        body: { verb: 'restart', hosts: [o.host.id] },
      }),
    );
    if (queued.status >= 300) throw new Error(`queueing answered ${queued.status}: ${queued.body}`);
    const answer = await line.send(
      requestBuffer({
        method: 'POST',
        path: '/api/agent/checkin',
        token: o.host.token,
        body: { protocol: 2, instance: 'bench', waitMs: 0 },
      }),
    );
    id = Order.parse((JSON.parse(answer.body) as { orders: unknown[] }).orders[0]).id;
  }
  const reader = streamed(
    server.port,
    control ? `/api/runs/${id}/stream` : `/stream/${id}`,
    o.operatorToken,
    o.lines,
    60_000,
  );
  await reader.ready;
  const path = control ? `/api/agent/runs/${id}/journal` : `/journal/${id}`;
  const started = performance.now();
  for (let from = 0; from < o.lines; from += BATCH) {
    const body = {
      offset: from,
      entries:
        from === 0
          ? [
              { seq: 0, at: 1_700_000_000_000, kind: 'started', executor: 'detached', pid: 1 },
              ...entries(1).slice(0, BATCH - 1),
            ]
          : entries(from),
    };
    const sent = await line.send(requestBuffer({ method: 'POST', path, token: o.host.token, body }));
    if (sent.status !== 200) throw new Error(`the journal answered ${sent.status}: ${sent.body}`);
  }
  await reader.all;
  const perSecond = o.lines / ((performance.now() - started) / 1000);
  line.close();
  return perSecond;
}
