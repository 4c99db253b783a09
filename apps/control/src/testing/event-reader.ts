// Reads server-sent events as a browser does: over a real connection, frame by frame.
import type { Client } from './client.ts';

export type ReadFrame = { id: string | null; event: string | null; data: Record<string, unknown> };

export type EventReader = {
  /** The next frame; undefined once the server has ended the stream. */
  next(): Promise<ReadFrame | undefined>;
  close(): void;
};

export async function readEvents(
  url: string,
  client: Client,
  headers: Record<string, string> = {},
): Promise<EventReader> {
  const gone = new AbortController();
  const response = await fetch(url, { headers: { ...client.headers, ...headers }, signal: gone.signal });
  if (!response.body || response.status !== 200)
    throw new Error(`no stream: ${response.status} ${await response.text()}`);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  return {
    async next() {
      for (;;) {
        const end = text.indexOf('\n\n');
        if (end !== -1) {
          const frame = parseFrame(text.slice(0, end));
          text = text.slice(end + 2);
          if (frame) return frame;
          continue;
        }
        const { done, value } = await reader.read();
        if (done) return undefined;
        text += value;
      }
    },
    close: () => gone.abort(),
  };
}

/** Undefined for a comment, such as a keepalive. */
function parseFrame(text: string): ReadFrame | undefined {
  const fields = new Map(
    text
      .split('\n')
      .filter((line) => !line.startsWith(':'))
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trimStart()]),
  );
  const data = fields.get('data');
  if (data === undefined) return undefined;
  return {
    id: fields.get('id') ?? null,
    event: fields.get('event') ?? null,
    data: JSON.parse(data) as ReadFrame['data'],
  };
}
