// Journals for readers: pages, the plain output, and a stream that follows a run to its end.
import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import * as z from 'zod';
import { JournalEntry } from '@nixfleet/contract/journal.ts';
import { RunId } from '@nixfleet/contract/names.ts';
import { JournalPage, JournalQuery } from '@nixfleet/contract/runs.ts';
import type { Context } from '../../context.ts';
import type { Routes } from '../../http/app-type.ts';
import { type EventStream, lastEventId, openStream } from '../../http/sse.ts';
import { getRun, getRunRecord } from '../service.ts';
import { getJournal, outputText, readOutput } from './service.ts';

const OfRun = z.object({ id: RunId });
const tags = ['runs'];
const OutputQuery = z.object({ format: z.enum(['text', 'json']).default('text') });
const OutputJson = z.object({ runId: RunId, entries: z.array(JournalEntry) });

export const journalRoutes: Routes = (ctx) => (app) => {
  app.get(
    '/api/runs/:id/journal',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'Read a run’s journal',
        tags,
        params: OfRun,
        querystring: JournalQuery,
        response: { 200: JournalPage },
      },
    },
    async ({ params, query }) => getJournal(ctx, params.id, query),
  );

  app.get(
    '/api/runs/:id/output',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'Read what a run’s programs wrote',
        description:
          'Plain text; `[… 12 345 bytes left out …]` stands where output is not kept. `format=json`: the entries.',
        tags,
        params: OfRun,
        querystring: OutputQuery,
        response: {
          200: {
            content: {
              'text/plain': { schema: z.string() },
              'application/json': { schema: OutputJson },
            },
          },
        },
      },
    },
    async ({ params, query }, reply) => {
      await getRunRecord(ctx.db, params.id);
      const json = query.format === 'json';
      reply.type(json ? 'application/json; charset=utf-8' : 'text/plain; charset=utf-8');
      const chunks = json ? jsonOutput(ctx, params.id) : textOutput(ctx, params.id);
      // Fastify sends a stream as it is; its types know only the text that comes of it.
      return (reply as FastifyReply).send(Readable.from(chunks));
    },
  );

  app.get(
    '/api/runs/:id/stream',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'Follow a run',
        description:
          'Server-sent events: `entry` with its seq as id, `run` when the run changed; ends after the result. ' +
          '`Last-Event-ID` goes on behind that entry.',
        tags,
        params: OfRun,
        querystring: z.object({ lastEventId: z.string().optional().describe('like the Last-Event-ID header') }),
        response: { 200: { content: { 'text/event-stream': { schema: z.string() } } } },
      },
    },
    async (request, reply) => {
      await getRunRecord(ctx.db, request.params.id);
      const stream = openStream(ctx, request, reply);
      try {
        await follow(ctx, stream, request.params.id, lastEventId(request) ?? -1);
      } catch (err) {
        ctx.log.warn({ err, requestId: request.id }, 'a run’s stream broke off');
      } finally {
        stream.end();
      }
      return reply;
    },
  );
};

async function* textOutput(ctx: Context, runId: string): AsyncGenerator<string> {
  for await (const page of readOutput(ctx, runId)) yield outputText(page);
}

async function* jsonOutput(ctx: Context, runId: string): AsyncGenerator<string> {
  yield `{"runId":${JSON.stringify(runId)},"entries":[`;
  let first = true;
  for await (const page of readOutput(ctx, runId)) {
    yield (first ? '' : ',') + page.map((entry) => JSON.stringify(entry)).join(',');
    first = false;
  }
  yield ']}';
}

const PAGE = 500;
/** What another replica wrote is seen after this at the latest. */
const LOOK_MS = 5000;

/** Entries after `after` as they come, the run whenever it changed, until both are at their end or the reader is gone. */
async function follow(ctx: Context, stream: EventStream, runId: string, after: number): Promise<void> {
  let at = after;
  let shown = '';
  while (!stream.signal.aborted && !ctx.bus.closed) {
    const version = ctx.bus.version(`run:${runId}`);
    const page = await getJournal(ctx, runId, { after: at, limit: PAGE });
    for (const entry of page.entries) if (!(await stream.send({ id: entry.seq, event: 'entry', data: entry }))) return;
    at = page.last;
    if (page.entries.length === PAGE) continue;
    const run = await getRun(ctx, runId);
    const text = JSON.stringify(run);
    if (text !== shown && !(await stream.send({ event: 'run', data: run }))) return;
    shown = text;
    if (page.ended) return;
    await ctx.bus.wait(`run:${runId}`, version, LOOK_MS, stream.signal);
  }
}
