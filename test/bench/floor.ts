// The floor: the least a server of this kind could do, in a process of its own. Bare Fastify and raw node:http, the same
// request and answer sizes, no authentication, no storage. `node floor.ts fastify|http` prints its port.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { fastify } from 'fastify';

const idle = JSON.stringify({ now: 1_700_000_000_000, orders: [], cancel: [], settled: [] });
const held = new Map<string, (order: string) => void>();
const journals = new Map<string, string[]>();
const readers = new Map<string, ServerResponse>();
let page = '[]';

function wake(id: string): void {
  const answer = held.get(id);
  held.delete(id);
  answer?.(JSON.stringify({ now: 1, orders: [{ id }], cancel: [], settled: [] }));
}

function keep(id: string, body: { entries: { seq: number }[] }): string {
  const kept = journals.get(id) ?? [];
  journals.set(id, kept);
  const reader = readers.get(id);
  for (const entry of body.entries) {
    const line = JSON.stringify(entry);
    kept.push(line);
    reader?.write(`id: ${entry.seq}\nevent: entry\ndata: ${line}\n\n`);
  }
  return JSON.stringify({ next: kept.length, ended: false });
}

function follow(id: string, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(': ready\n\n');
  readers.set(id, response);
}

async function overFastify(): Promise<number> {
  const app = fastify({ logger: false, bodyLimit: 64 * 1024 * 1024 });
  app.post('/checkin', (_request, reply) => reply.type('application/json').send(idle));
  app.post<{ Params: { id: string } }>('/hold/:id', (request, reply) => {
    held.set(request.params.id, (order) => void reply.type('application/json').send(order));
    return reply;
  });
  app.post<{ Params: { id: string } }>('/click/:id', (request) => {
    wake(request.params.id);
    return { ok: true };
  });
  app.post<{ Params: { id: string }; Body: { entries: { seq: number }[] } }>('/journal/:id', (request, reply) =>
    reply.type('application/json').send(keep(request.params.id, request.body)),
  );
  app.get<{ Params: { id: string } }>('/stream/:id', (request, reply) => {
    reply.hijack();
    follow(request.params.id, reply.raw);
  });
  app.put('/page', (request) => {
    page = JSON.stringify(request.body);
    return { bytes: page.length };
  });
  // Parsed and serialised anew for every request, as a server that reads rows must.
  app.get('/page', () => JSON.parse(page) as unknown);
  await app.listen({ host: '127.0.0.1', port: 0 });
  return (app.server.address() as { port: number }).port;
}

function overHttp(): Promise<number> {
  const read = (request: IncomingMessage, then: (body: string) => void): void => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => then(body));
  };
  const json = (response: ServerResponse, body: string): void => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
    response.end(body);
  };
  const server = createServer((request, response) => {
    const [, what = '', id = ''] = (request.url ?? '').split('/');
    if (request.method === 'GET' && what === 'stream') return follow(id, response);
    read(request, (body) => {
      if (what === 'checkin') return json(response, (JSON.parse(body), idle));
      if (what === 'hold') return void held.set(id, (order) => json(response, order));
      if (what === 'click') return json(response, (wake(id), '{"ok":true}'));
      if (what === 'journal') return json(response, keep(id, JSON.parse(body) as { entries: { seq: number }[] }));
      if (request.method === 'PUT') return json(response, ((page = body), '{}'));
      return json(response, JSON.stringify(JSON.parse(page)));
    });
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
}

if (import.meta.main) {
  const port = process.argv[2] === 'http' ? await overHttp() : await overFastify();
  process.stdout.write(`${port}\n`);
}
