// GET /api/events: the outbox as server-sent events, with v1's names and bodies.
import * as z from 'zod';
import type { Routes } from '../http/app-type.ts';
import { lastEventId, openStream } from '../http/sse.ts';
import { followEvents } from './stream.ts';

export const eventRoutes: Routes = (ctx) => (app) => {
  let clients = 0;
  app.get(
    '/api/events',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'Events as they happen',
        description:
          'Server-sent events. `connected` comes first; `Last-Event-ID` replays what happened since; `reset` says that ' +
          'some of it is no longer kept and everything should be fetched again.',
        tags: ['events'],
        querystring: z.object({ lastEventId: z.string().optional().describe('like the Last-Event-ID header') }),
        response: { 200: { content: { 'text/event-stream': { schema: z.string() } } } },
      },
    },
    async (request, reply) => {
      const stream = openStream(ctx, request, reply);
      clients += 1;
      try {
        await followEvents(ctx, stream, { since: lastEventId(request), clients });
      } catch (err) {
        ctx.log.warn({ err, requestId: request.id }, 'an event stream broke off');
      } finally {
        clients -= 1;
        stream.end();
      }
      return reply;
    },
  );
};
