// The stream of events over real connections: nothing lost, nothing doubled, however often a reader goes away.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { transact } from '../context.ts';
import type { Routes } from '../http/app-type.ts';
import { openStream } from '../http/sse.ts';
import { deleteOldEvents } from '../retention/store.ts';
import { type EventReader, readEvents } from '../testing/event-reader.ts';
import { until } from '../testing/until.ts';
import { makeWorld, type World } from '../testing/world.ts';
import { newestEvent, record } from './service.ts';

const happen = (world: World, ...names: string[]): Promise<void> =>
  transact(world.ctx, async (tx) => {
    for (const name of names) await record(world.ctx, tx, { name: 'target_changed', body: { name } });
  });

test('a reader is connected first, and then told what happens, in v1’s form', async (t) => {
  const world = await makeWorld(t);
  const origin = await world.listen();
  const reader = await readEvents(`${origin}/api/events`, await world.operator());
  t.after(() => reader.close());
  const connected = await reader.next();
  assert.deepEqual([connected?.event, connected?.data], ['connected', { clients: 1 }]);
  await happen(world, 'fleet');
  const frame = await reader.next();
  assert.deepEqual([frame?.event, frame?.data], ['target_changed', { type: 'target_changed', name: 'fleet' }]);
  assert.equal(frame?.id, String(await newestEvent(world.ctx.db)));
});

type Move =
  | { kind: 'happen'; count: number }
  | { kind: 'read'; count: number }
  | { kind: 'leave'; by: 'header' | 'query' };

const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('happen'), count: fc.integer({ min: 1, max: 6 }) } as const),
    fc.record({ kind: fc.constant('read'), count: fc.integer({ min: 1, max: 4 }) } as const),
    fc.record({ kind: fc.constant('leave'), by: fc.constantFrom('header', 'query') } as const),
  ),
  { minLength: 1, maxLength: 12 },
);

test('a reader that comes back misses nothing and hears nothing twice', async (t) => {
  const world = await makeWorld(t);
  const origin = await world.listen();
  const operator = await world.operator();
  let number = 0;
  await fc.assert(
    fc.asyncProperty(moves, async (sequence) => {
      const expected: string[] = [];
      const heard: string[] = [];
      let last: string | null = null;
      const open = async (by: 'header' | 'query'): Promise<EventReader> => {
        const id: string | null = last;
        const query = id !== null && by === 'query' ? `?lastEventId=${id}` : '';
        const header = id !== null && by === 'header' ? { 'last-event-id': id } : {};
        const opened = await readEvents(`${origin}/api/events${query}`, operator, header);
        const first = await opened.next();
        assert.equal(first?.event, 'connected');
        last = first?.id ?? null;
        return opened;
      };
      let reader = await open('header');
      const hear = async (): Promise<void> => {
        const frame = await reader.next();
        heard.push(String(frame?.data['name']));
        last = frame?.id ?? null;
      };
      for (const move of sequence) {
        if (move.kind === 'happen') {
          const names = Array.from({ length: move.count }, () => `event-${(number += 1)}`);
          expected.push(...names);
          await happen(world, ...names);
        } else if (move.kind === 'read') {
          for (let i = 0; i < move.count && heard.length < expected.length; i += 1) await hear();
        } else {
          reader.close();
          reader = await open(move.by);
        }
      }
      while (heard.length < expected.length) await hear();
      reader.close();
      assert.deepEqual(heard, expected);
    }),
    { numRuns: 25 },
  );
});

test('a reader that was away for too long is told so, and goes on from now', async (t) => {
  const world = await makeWorld(t);
  const origin = await world.listen();
  const operator = await world.operator();
  await happen(world, 'one', 'two', 'three');
  const newest = await newestEvent(world.ctx.db);
  await deleteOldEvents(world.ctx.db, world.clock.now + 1);
  for (const id of ['0', String(newest - 2), String(newest + 1000)]) {
    const reader = await readEvents(`${origin}/api/events`, operator, { 'last-event-id': id });
    assert.equal((await reader.next())?.event, 'connected');
    const reset = await reader.next();
    assert.deepEqual([id, reset?.event, reset?.id], [id, 'reset', String(newest)]);
    reader.close();
  }
  const reader = await readEvents(`${origin}/api/events`, operator, { 'last-event-id': String(newest - 1) });
  assert.equal((await reader.next())?.event, 'connected');
  assert.equal((await reader.next())?.data['name'], 'three');
  reader.close();
});

test('events of another replica arrive, too', async (t) => {
  const world = await makeWorld(t);
  const origin = await world.listen();
  const reader = await readEvents(`${origin}/api/events`, await world.operator());
  t.after(() => reader.close());
  await reader.next();
  // Written past this process: nothing wakes it. On SQLite there is one process, and its safety net is slow.
  await world.ctx.db
    .transaction()
    .execute((tx) => record(world.ctx, tx, { name: 'target_changed', body: { name: 'x' } }));
  if (world.ctx.engine === 'sqlite') world.ctx.bus.wake('events');
  assert.equal((await reader.next())?.data['name'], 'x');
});

/** Writes to whoever connects, as fast as it is taken. */
const flood: Routes = (ctx) => (app) => {
  app.get('/test/flood', { config: { access: 'public' } }, async (request, reply) => {
    const stream = openStream(ctx, request, reply, { stallMs: 100 });
    while (await stream.send({ data: 'x'.repeat(100_000) }));
    stream.end();
    return reply;
  });
};

test('a reader that does not read is disconnected and costs no memory', async (t) => {
  const world = await makeWorld(t, { moreRoutes: [flood] });
  const { port } = new URL(await world.listen());
  const socket = connect(Number(port), '127.0.0.1');
  t.after(() => socket.destroy());
  socket.pause();
  socket.write('GET /test/flood HTTP/1.1\r\nhost: x\r\n\r\n');
  await until('the reader is counted', () => (world.ctx.counters.read().sse_queue_drops > 0 ? true : undefined));
});

const held: Routes = (ctx) => (app) => {
  app.get('/test/held', { config: { access: 'public' } }, async (request) => {
    const topic = 'host:held';
    return { woken: await ctx.bus.wait(topic, ctx.bus.version(topic), 55_000, request.signal) };
  });
};

test('closing ends held requests and streams at once', async (t) => {
  const world = await makeWorld(t, { moreRoutes: [held] });
  const origin = await world.listen();
  const reader = await readEvents(`${origin}/api/events`, await world.operator());
  await reader.next();
  const waiting = fetch(`${origin}/test/held`);
  await until('the request is held', () => (world.ctx.bus.waiting >= 3 ? true : undefined));
  await world.app.close();
  assert.deepEqual(await (await waiting).json(), { woken: true });
  assert.equal(await reader.next(), undefined);
});

test('a held request of a client that went away holds nothing', async (t) => {
  const world = await makeWorld(t, { moreRoutes: [held] });
  const origin = await world.listen();
  const before = world.ctx.bus.waiting;
  const gone = new AbortController();
  const waiting = fetch(`${origin}/test/held`, { signal: gone.signal }).catch(() => 'gone');
  await until('the request is held', () => (world.ctx.bus.waiting > before ? true : undefined));
  gone.abort();
  assert.equal(await waiting, 'gone');
  await until('nothing is held', () => (world.ctx.bus.waiting === before ? true : undefined));
});
