// Server-sent events as a client reads them (WHATWG HTML §9.2.6): bytes to messages, and a stream that comes back after a
// break with the id of the last message it saw.
import { backoffMs, pause } from '@nixfleet/kit/backoff.ts';
import { type Api, open, type Query, unreachable } from './client.ts';
import { exit, Failure } from './failure.ts';

export type Message = { id: string | undefined; event: string; text: string };

/** A message larger than this is not one of ours. */
const MAX_MESSAGE = 8 * 1024 * 1024;

/** A parser that is fed pieces of text and gives the messages they complete. */
export function messageParser(): (piece: string) => Message[] {
  let rest = '';
  let id: string | undefined;
  let event = '';
  let lines: string[] = [];
  return (piece) => {
    const messages: Message[] = [];
    const text = rest + piece;
    // A carriage return at the very end may be half of \r\n: it waits for what follows.
    const whole = text.endsWith('\r') ? text.slice(0, -1) : text;
    const parts = whole.split(/\r\n|\n|\r/);
    rest = (parts.pop() ?? '') + text.slice(whole.length);
    if (rest.length > MAX_MESSAGE) throw new Error('a server-sent event is too large');
    for (const line of parts) {
      if (line === '') {
        if (lines.length > 0) messages.push({ id, event: event || 'message', text: lines.join('\n') });
        event = '';
        lines = [];
        continue;
      }
      const [, name = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
      if (name === 'data') lines.push(value);
      else if (name === 'event') event = value;
      else if (name === 'id' && !value.includes('\0')) id = value;
    }
    return messages;
  };
}

export type Stream = {
  path: string;
  query?: Query;
  /** Where to begin: the id after which messages are wanted. */
  lastId?: string;
  /** Each message in order; `false` ends the stream. */
  onMessage: (message: Message) => boolean | void;
  /** The control plane answered a moment ago: a failure of the first connection is a break like any other. */
  reached?: boolean;
  /** The connection is broken and the first try to mend it failed, or it is back. */
  onConnection?: (state: 'lost' | 'back') => void;
  now: () => number;
  random: () => number;
};

/** Longer than any heartbeat of the control plane: silence beyond it means the connection is dead. */
const SILENCE_MS = 60_000;
const CONNECT_MS = 30_000;
/** Give up after this long without a message, once the connection fails. */
const PATIENCE_MS = 15 * 60_000;

/** Worth another try: nobody there, too busy, or a fault that a restart may mend. */
const passes = (error: unknown): error is Failure =>
  error instanceof Failure &&
  (error.status === exit.unreachable || error.code === 'rate_limited' || error.code === 'internal');

/** Reads until `onMessage` says stop. Breaks of the connection are mended; problems the control plane answers are not. */
export async function readStream(api: Api, stream: Stream): Promise<void> {
  let lastId = stream.lastId;
  let reached = stream.reached ?? false;
  let failures = 0;
  /** When the last message came, or when we began: patience counts from here. */
  let goodAt = stream.now();
  let lost = false;
  const onMessage = (message: Message): boolean | void => {
    if (message.id !== undefined) lastId = message.id;
    failures = 0;
    goodAt = stream.now();
    return stream.onMessage(message);
  };
  for (;;) {
    let opened = false;
    let restMs = 0;
    const onOpen = (): void => {
      opened = true;
      reached = true;
      if (lost) stream.onConnection?.('back');
      lost = false;
    };
    try {
      if (!(await readOnce(api, stream, lastId, onMessage, onOpen))) return;
    } catch (error) {
      api.signal.throwIfAborted();
      if (!reached || !passes(error) || stream.now() - goodAt > PATIENCE_MS) throw error;
      restMs = error.parts.retryAfterMs ?? 0;
    }
    if (!opened && !lost) {
      lost = true;
      stream.onConnection?.('lost');
    }
    failures += 1;
    const waitMs = backoffMs(failures, { minMs: 250, maxMs: 10_000, random: stream.random });
    await pause(restMs + waitMs, api.signal);
    api.signal.throwIfAborted();
  }
}

/** One connection; true when the server ended it and there may be more. */
async function readOnce(
  api: Api,
  stream: Stream,
  lastId: string | undefined,
  onMessage: Stream['onMessage'],
  onOpen: () => void,
): Promise<boolean> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(new DOMException('no answer', 'TimeoutError')), CONNECT_MS);
  const heard = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(new DOMException('silent', 'TimeoutError')), SILENCE_MS);
  };
  const signal = AbortSignal.any([api.signal, silence.signal]);
  const headers = { accept: 'text/event-stream', ...(lastId === undefined ? {} : { 'last-event-id': lastId }) };
  try {
    const response = await open(
      api,
      'GET',
      stream.path,
      { headers, ...(stream.query ? { query: stream.query } : {}) },
      signal,
    );
    if (!response.body) return true;
    onOpen();
    heard();
    const parse = messageParser();
    const decoder = new TextDecoder();
    try {
      for await (const bytes of response.body) {
        heard();
        for (const message of parse(decoder.decode(bytes, { stream: true })))
          if (onMessage(message) === false) return false;
      }
    } catch (cause) {
      api.signal.throwIfAborted();
      if (cause instanceof Failure) throw cause;
      throw unreachable(api, cause);
    }
    return true;
  } finally {
    clearTimeout(timer);
    // Ends the connection where we stopped reading in the middle of it.
    silence.abort();
  }
}
