// A small real HTTP server that speaks the contract, for tests of the commands: hosts and runs in memory, journals that
// grow when the test says so, and connections that break when the test says so.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Host } from '@nixfleet/contract/hosts.ts';
import type { EntryBody, JournalEntry, Outcome } from '@nixfleet/contract/journal.ts';
import { Problem, type ProblemBody, toProblemBody } from '@nixfleet/contract/problem.ts';
import { CreateRuns, type Run } from '@nixfleet/contract/runs.ts';
import { AT, aRun, TOKEN } from './worlds.ts';

export type Seen = { method: string; path: string; headers: IncomingMessage['headers']; body: unknown };

export type TestControl = {
  url: string;
  seen: Seen[];
  hosts: Map<string, Host>;
  runs: Map<string, Run>;
  journals: Map<string, JournalEntry[]>;
  /** Answers that replace the server's own, by `METHOD /path`. */
  answers: Map<string, unknown>;
  append(runId: string, body: EntryBody): void;
  /** Ends a run with its result as last entry. */
  end(runId: string, outcome: Outcome, reason: string): void;
  change(runId: string, patch: Partial<Run>): void;
  /** Breaks every stream; those that read come back. */
  dropStreams(): void;
  /** What GET /api/events sends to the n-th reader, before it hangs up. */
  feeds: string[];
  /** Refuses streams until called again: hangs up as while it restarts, or answers a problem. */
  refuse(refusing: boolean | Problem): void;
  /** Resolves once `count` streams are open or have been opened in all. */
  streams(count: number): Promise<void>;
  close(): Promise<void>;
};

type Stream = { runId: string; response: ServerResponse; sent: number };

export async function startControl(hosts: readonly Host[] = [], runs: readonly Run[] = []): Promise<TestControl> {
  const open = new Set<Stream>();
  let opened = 0;
  let refusing: boolean | Problem = false;
  let created = 0;
  const waiting: { count: number; resolve: () => void }[] = [];

  const journalOf = (id: string): JournalEntry[] => {
    const journal = control.journals.get(id) ?? [];
    control.journals.set(id, journal);
    return journal;
  };
  const feed = (stream: Stream): void => {
    for (const entry of journalOf(stream.runId).slice(stream.sent))
      stream.response.write(`id: ${entry.seq}\nevent: entry\ndata: ${JSON.stringify(entry)}\n\n`);
    stream.sent = journalOf(stream.runId).length;
  };
  const tell = (runId: string): void => {
    for (const stream of open)
      if (stream.runId === runId) {
        feed(stream);
        stream.response.write(`event: run\ndata: ${JSON.stringify(control.runs.get(runId))}\n\n`);
      }
  };
  const getHost = (ref: string): Host => {
    for (const host of control.hosts.values()) if (host.id === ref || host.name === ref) return host;
    throw new Problem('host_not_found', `There is no host ${ref}`, { next: 'nixfleet hosts' });
  };
  const getRun = (id: string): Run => {
    const run = control.runs.get(id);
    if (!run) throw new Problem('run_not_found', `There is no run ${id}`);
    return run;
  };

  const createRuns = (body: unknown): unknown => {
    const asked = CreateRuns.parse(body);
    const names = asked.hosts ?? [...control.hosts.values()].map((h) => h.name);
    return {
      results: names.map((name): { host: string; run?: Run; problem?: ProblemBody } => {
        try {
          const host = getHost(name);
          created += 1;
          const run = aRun({
            n: 1000 + created,
            hostId: host.id,
            hostName: host.name,
            verb: asked.verb,
            args: asked.args,
          });
          control.runs.set(run.id, run);
          return { host: name, run };
        } catch (error) {
          if (error instanceof Problem) return { host: name, problem: toProblemBody(error) };
          throw error;
        }
      }),
    };
  };

  const openStream = (runId: string, request: IncomingMessage, response: ServerResponse): void => {
    getRun(runId);
    const last = request.headers['last-event-id'];
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(': hello\n\n');
    const stream: Stream = { runId, response, sent: last === undefined ? 0 : Number(last) + 1 };
    open.add(stream);
    response.on('close', () => open.delete(stream));
    feed(stream);
    response.write(`event: run\ndata: ${JSON.stringify(getRun(runId))}\n\n`);
    opened += 1;
    for (const each of waiting) if (opened >= each.count) each.resolve();
  };

  const route = (request: IncomingMessage, response: ServerResponse, url: URL, body: unknown): unknown => {
    const parts = url.pathname.split('/').slice(1).map(decodeURIComponent);
    const [, kind, id = '', sub] = parts;
    if (request.method === 'POST' && kind === 'login') {
      if ((body as { password?: string }).password !== 'correct horse')
        throw new Problem('unauthenticated', 'The password is wrong');
      response.setHeader('set-cookie', 'nixfleet_session=s1; HttpOnly; Path=/');
      return { actor: 'admin', csrfToken: 'csrf1', expiresAt: null };
    }
    if (request.method === 'POST' && kind === 'tokens') {
      if (request.headers.cookie !== 'nixfleet_session=s1' || request.headers['x-csrf-token'] !== 'csrf1')
        throw new Problem('csrf_mismatch', 'The CSRF token does not match');
      const { name } = body as { name: string };
      return {
        id: 'token_00000000-0000-7000-8000-000000000001',
        name,
        createdAt: AT,
        expiresAt: null,
        lastUsedAt: null,
        token: TOKEN,
      };
    }
    if (request.headers.authorization !== `Bearer ${TOKEN}`)
      throw new Problem('unauthenticated', 'The token is not valid');
    if (kind === 'session') return { actor: 'admin', csrfToken: null, expiresAt: null };
    if (kind === 'tokens' && request.method === 'DELETE') return undefined;
    if (kind === 'hosts' && id === '') return { hosts: [...control.hosts.values()] };
    if (kind === 'hosts' && request.method === 'GET') return getHost(id);
    if (kind === 'hosts' && request.method === 'PATCH') return getHost(id);
    if (kind === 'hosts' && request.method === 'DELETE') return void control.hosts.delete(getHost(id).id);
    if (kind === 'runs' && id === '' && request.method === 'POST') return createRuns(body);
    if (kind === 'runs' && id === '') {
      const host = url.searchParams.get('host');
      const ref = host === null ? undefined : getHost(host).id;
      return { runs: [...control.runs.values()].filter((r) => ref === undefined || r.hostId === ref).toReversed() };
    }
    if (kind === 'runs' && sub === undefined) return getRun(id);
    if (kind === 'runs' && sub === 'cancel') {
      control.change(id, { cancelRequestedAt: AT });
      return getRun(id);
    }
    if (kind === 'runs' && sub === 'journal') {
      const after = Number(url.searchParams.get('after') ?? -1);
      const entries = journalOf(id).slice(after + 1);
      return { runId: id, entries, last: entries.at(-1)?.seq ?? after, ended: true };
    }
    throw new Problem('not_found', `There is no ${url.pathname}`);
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    let text = '';
    for await (const piece of request.setEncoding('utf8')) text += piece;
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    control.seen.push({
      method: request.method ?? '',
      path: url.pathname + url.search,
      headers: request.headers,
      body,
    });
    const streamOf = /^\/api\/runs\/([^/]+)\/stream$/.exec(url.pathname)?.[1];
    try {
      if (streamOf !== undefined) {
        if (refusing instanceof Problem) throw refusing;
        if (refusing) return void response.destroy();
        return openStream(decodeURIComponent(streamOf), request, response);
      }
      if (url.pathname === '/api/events') {
        const feed = control.feeds.shift();
        if (feed === undefined) return void response.destroy();
        return void response.writeHead(200, { 'content-type': 'text/event-stream' }).end(feed);
      }
      const key = `${request.method} ${url.pathname}`;
      const answer = control.answers.has(key) ? control.answers.get(key) : route(request, response, url, body);
      if (answer instanceof Problem) throw answer;
      if (typeof answer === 'string') return void response.setHeader('content-type', 'text/plain').end(answer);
      if (answer === undefined) return void response.writeHead(204).end();
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
    } catch (error) {
      const problem = error instanceof Problem ? error : new Problem('internal', String(error));
      response.writeHead(problem.status, { 'content-type': 'application/problem+json' });
      response.end(JSON.stringify(toProblemBody(problem, 'req-7')));
    }
  };
  const server = createServer((request, response) => void serve(request, response));

  const control: TestControl = {
    url: '',
    seen: [],
    hosts: new Map(hosts.map((h) => [h.id, h])),
    runs: new Map(runs.map((r) => [r.id, r])),
    journals: new Map(),
    answers: new Map<string, unknown>([['POST /api/targets/refresh', { targets: [] }]]),
    feeds: [],
    append: (runId, entry) => {
      const journal = journalOf(runId);
      journal.push({ seq: journal.length, at: AT + journal.length, ...entry });
      control.runs.set(runId, { ...getRun(runId), journalNext: journal.length });
      tell(runId);
    },
    end: (runId, outcome, reason) => {
      const run = getRun(runId);
      const journal = journalOf(runId);
      journal.push({
        seq: journal.length,
        at: AT + 42_000,
        kind: 'result',
        outcome,
        reason,
        phase: null,
        running: null,
        generation: run.generation,
        tests: null,
      });
      control.change(runId, {
        state: outcome,
        reason,
        journalNext: journal.length,
        startedAt: AT,
        finishedAt: AT + 102_000,
        phase: null,
      });
    },
    change: (runId, patch) => {
      control.runs.set(runId, { ...getRun(runId), ...patch });
      tell(runId);
    },
    dropStreams: () => {
      for (const { response } of open) response.destroy();
    },
    refuse: (to) => {
      refusing = to;
    },
    streams: (count) =>
      new Promise((resolve) => {
        if (opened >= count) resolve();
        else waiting.push({ count, resolve });
      }),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // it listens on TCP
  control.url = `http://127.0.0.1:${port}`;
  return control;
}
