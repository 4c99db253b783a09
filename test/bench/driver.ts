// A load driver that costs little itself: raw sockets, requests prepared as buffers, answers cut by their Content-Length or
// chunks. Bounded in count and time; loopback only.
import { connect, type Socket } from 'node:net';

export type Answer = { status: number; body: string; ms: number };

/** One kept-alive connection that carries one request at a time. */
export type Line = {
  send(request: Buffer): Promise<Answer>;
  close(): void;
};

export function requestBuffer(o: {
  method: string;
  path: string;
  token?: string;
  body?: unknown;
  accept?: string;
}): Buffer {
  const body = o.body === undefined ? '' : JSON.stringify(o.body);
  const head = [
    `${o.method} ${o.path} HTTP/1.1`,
    'host: 127.0.0.1',
    ...(o.token === undefined ? [] : [`authorization: Bearer ${o.token}`]),
    ...(o.accept === undefined ? [] : [`accept: ${o.accept}`]),
    ...(o.body === undefined ? [] : ['content-type: application/json', `content-length: ${Buffer.byteLength(body)}`]),
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}

export function openLine(port: number): Promise<Line> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ host: '127.0.0.1', port, noDelay: true });
    let received: Buffer = Buffer.alloc(0);
    let waiting: { resolve: (a: Answer) => void; reject: (e: Error) => void; at: number } | undefined;
    socket.on('data', (chunk: Buffer) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const answer = cutAnswer(received);
      if (!answer || !waiting) return;
      received = received.subarray(answer.length);
      const { resolve, at } = waiting;
      waiting = undefined;
      resolve({ status: answer.status, body: answer.body, ms: performance.now() - at });
    });
    const fail = (error: Error): void => {
      waiting?.reject(error);
      waiting = undefined;
      reject(error);
    };
    socket.on('error', fail);
    socket.on('close', () => fail(new Error('the connection was closed')));
    socket.once('connect', () =>
      resolve({
        send: (request) =>
          new Promise((resolve, reject) => {
            waiting = { resolve, reject, at: performance.now() };
            socket.write(request);
          }),
        close: () => socket.destroy(),
      }),
    );
  });
}

/** The first whole answer in `bytes`, or undefined while it is incomplete. */
function cutAnswer(bytes: Buffer): { status: number; body: string; length: number } | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = bytes.toString('latin1', 0, end).toLowerCase();
  const status = Number(head.slice(9, 12));
  const start = end + 4;
  const sized = /\r\ncontent-length: (\d+)/.exec(head);
  if (sized) {
    const length = start + Number(sized[1]);
    return bytes.length < length ? undefined : { status, body: bytes.toString('utf8', start, length), length };
  }
  if (!head.includes('\r\ntransfer-encoding: chunked')) return { status, body: '', length: start };
  let body = '';
  for (let at = start; ;) {
    const eol = bytes.indexOf('\r\n', at);
    if (eol < 0) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', at, eol), 16);
    if (bytes.length < eol + 2 + size + 2) return undefined;
    if (size === 0) return { status, body, length: eol + 4 };
    body += bytes.toString('utf8', eol + 2, eol + 2 + size);
    at = eol + 2 + size + 2;
  }
}

/** Requests a second over `lines` connections for `ms`, each connection one request after the other. */
export async function throughput(o: {
  port: number;
  lines: number;
  ms: number;
  request: (n: number) => Buffer;
  expect?: number;
}): Promise<{ perSecond: number; count: number; failed: number }> {
  const lines = await Promise.all(Array.from({ length: o.lines }, () => openLine(o.port)));
  let count = 0;
  let failed = 0;
  const until = performance.now() + o.ms;
  const started = performance.now();
  await Promise.all(
    lines.map(async (line) => {
      while (performance.now() < until) {
        const answer = await line.send(o.request(count));
        count += 1;
        if (answer.status !== (o.expect ?? 200)) failed += 1;
      }
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  for (const line of lines) line.close();
  return { perSecond: Math.round(count / seconds), count, failed };
}

export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * p) / 100))] ?? Number.NaN;
}
