// The HTTP of the tests' control plane: JSON in, JSON or a problem or something wicked out.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Problem, toProblemBody } from '@nixfleet/contract/problem.ts';

export type Heard = {
  path: string;
  token: string;
  body: unknown;
  /** The connection's own number: a request over a fresh one has a number of its own. */
  connection: number;
  /** Aborts when the client gave the request up. */
  gone: AbortSignal;
};

export type Answer = {
  status?: number;
  json?: unknown;
  /** Instead of `json`. */
  text?: string;
  headers?: Record<string, string>;
  /** Never answers; the client has to give up. */
  silence?: boolean;
};

export type Listener = { port: number; close: () => Promise<void> };

export async function listen(port: number, route: (heard: Heard) => Promise<Answer>): Promise<Listener> {
  let connections = 0;
  const numbers = new WeakMap<object, number>();
  const server = createServer((request, response) => {
    const number = numbers.get(request.socket) ?? (connections += 1);
    numbers.set(request.socket, number);
    serve(request, response, number, route).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address() as AddressInfo; // it listens on TCP
  return {
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  connection: number,
  route: (heard: Heard) => Promise<Answer>,
): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer); // no encoding is set
  const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  const token = (request.headers.authorization ?? '').replace(/^Bearer /, '');
  const heard = { path: request.url ?? '', token, body, connection, gone: gone.signal };
  const answer = await route(heard).catch((error: unknown): Answer => {
    if (error instanceof Problem) return { status: error.status, json: toProblemBody(error) };
    throw error;
  });
  if (answer.silence) return;
  response.writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers });
  response.end(answer.text ?? (answer.json === undefined ? '' : JSON.stringify(answer.json)));
}
