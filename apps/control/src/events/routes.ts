// GET /api/events: the outbox as server-sent events, with v1's names and bodies.
import * as z from 'zod';
import type { Event } from '@nixfleet/contract/events.ts';
import type { Context } from '../context.ts';
import type { Routes } from '../http/app-type.ts';
import { type EventStream, type Frame, lastEventId, openStream } from '../http/sse.ts';
import { getEventBounds, listEvents } from './store.ts';

const BATCH = 500;

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
        await follow(ctx, stream, lastEventId(request), clients);
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

/** Until the reader is gone or the process ends: what is new after `since`, in order, each event once. */
async function follow(ctx: Context, stream: EventStream, since: number | undefined, clients: number): Promise<void> {
  const { oldest, newest } = await getEventBounds(ctx.db);
  const lost = since !== undefined && (since > newest || since < oldest - 1);
  let at = since === undefined || lost ? newest : since;
  await stream.send({ id: at, event: 'connected', data: { clients } });
  if (lost) await stream.send({ id: at, event: 'reset', data: { type: 'reset' } });
  while (!stream.signal.aborted && !ctx.bus.closed) {
    const version = ctx.bus.version('feed');
    const events = ctx.feed.recent(at) ?? (await listEvents(ctx.db, at, BATCH));
    for (const event of events) {
      if (!(await stream.send(toFrame(event)))) return;
      at = event.id;
    }
    if (events.length === 0) await ctx.bus.wait('feed', version, 60_000, stream.signal);
  }
}

/** v1's bodies name their host themselves; hints get it from the event. */
const toFrame = ({ id, name, hostId, runId, body }: Event): Frame => ({
  id,
  event: name,
  data: { type: name, ...(hostId === null ? {} : { hostId }), ...(runId === null ? {} : { runId }), ...body },
});
