// Server-sent events (WHATWG HTML §9.2): one writer for every stream of ours. It waits for its reader instead of
// buffering; who does not read for too long is disconnected, and finds everything again by Last-Event-ID.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../context.ts';

const KEEPALIVE_MS = 30_000;
/** How long a reader may leave the socket's buffer full. */
const STALL_MS = 20_000;

export type Frame = {
  /** What the reader gives back as Last-Event-ID. */
  id?: number | string;
  event?: string;
  /** Written as one line of JSON. */
  data: unknown;
};

export type EventStream = {
  /** False once the reader is gone; then nothing more can be sent. Waits while the reader is behind. */
  send(frame: Frame): Promise<boolean>;
  /** Aborted when the reader is gone. */
  readonly signal: AbortSignal;
  end(): void;
};

export const frameText = ({ id, event, data }: Frame): string =>
  `${id === undefined ? '' : `id: ${id}\n`}${event === undefined ? '' : `event: ${event}\n`}data: ${JSON.stringify(data)}\n\n`;

/** Takes the answer over; the handler returns `reply` and goes on writing. Always `end()` it in the end. */
export function openStream(
  ctx: Context,
  request: FastifyRequest,
  reply: FastifyReply,
  { stallMs = STALL_MS }: { stallMs?: number } = {},
): EventStream {
  reply.hijack();
  const { raw } = reply;
  const gone = new AbortController();
  raw.writeHead(200, {
    ...request.server.securityHeaders,
    'x-request-id': request.id,
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  });
  const keepalive = setInterval(() => raw.write(': keepalive\n\n'), KEEPALIVE_MS);
  raw.once('close', () => {
    clearInterval(keepalive);
    gone.abort();
  });
  // A reader that goes away mid-write is no failure of ours; `close` follows.
  raw.on('error', () => gone.abort());

  const drained = (): Promise<void> =>
    new Promise((resolve) => {
      const settle = (): void => {
        clearTimeout(stalled);
        raw.off('drain', settle);
        gone.signal.removeEventListener('abort', settle);
        resolve();
      };
      const stalled = setTimeout(() => {
        ctx.counters.add('sse_queue_drops');
        ctx.log.info({ requestId: request.id, url: request.url }, 'a reader fell behind and is disconnected');
        raw.destroy();
        gone.abort();
      }, stallMs);
      raw.once('drain', settle);
      gone.signal.addEventListener('abort', settle, { once: true });
    });

  return {
    signal: gone.signal,
    async send(frame) {
      if (gone.signal.aborted || raw.writableEnded) return false;
      if (!raw.write(frameText(frame))) await drained();
      return !gone.signal.aborted;
    },
    end() {
      clearInterval(keepalive);
      raw.end();
    },
  };
}

/** Where a reader wants to go on: the standard header, or `lastEventId` in the query for clients that cannot set it. */
export function lastEventId(request: FastifyRequest): number | undefined {
  const query = request.query as Record<string, unknown> | undefined;
  const given = request.headers['last-event-id'] ?? query?.['lastEventId'];
  return typeof given === 'string' && /^\d{1,15}$/.test(given) ? Number(given) : undefined;
}
