// One reader's way through the outbox: what is new after the event it knows, in order, each event once.
import type { Event } from '@nixfleet/contract/events.ts';
import type { Context } from '../context.ts';
import type { EventStream, Frame } from '../http/sse.ts';
import { getEventBounds, listEvents } from './store.ts';

const BATCH = 500;
const LOOK_MS = 60_000;

/** Until the reader is gone or the process ends. `since`: the last event it has; undefined for a new reader. */
export async function followEvents(
  ctx: Context,
  stream: EventStream,
  { since, clients }: { since: number | undefined; clients: number },
): Promise<void> {
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
    if (events.length === 0) await ctx.bus.wait('feed', version, LOOK_MS, stream.signal);
  }
}

/** v1's bodies name their host themselves; hints get it from the event. */
const toFrame = ({ id, name, hostId, runId, body }: Event): Frame => ({
  id,
  event: name,
  data: { type: name, ...(hostId === null ? {} : { hostId }), ...(runId === null ? {} : { runId }), ...body },
});
