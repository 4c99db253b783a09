// Wake-ups: the gap between reading and waiting is closed, and nothing waits for ever.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeBus } from './bus.ts';

test('a wake between reading and waiting is not missed', async () => {
  const bus = makeBus();
  const version = bus.version('host:a');
  bus.wake('host:a');
  assert.equal(await bus.wait('host:a', version, 60_000), true);
});

test('a wake reaches all who wait on its topic, and nobody else', async () => {
  const bus = makeBus();
  const stop = new AbortController();
  const wait = (topic: 'host:a' | 'host:b') => bus.wait(topic, bus.version(topic), 60_000, stop.signal);
  const waits = [wait('host:a'), wait('host:a'), wait('host:b')];
  bus.wake('host:a');
  assert.equal(bus.waiting, 1);
  stop.abort();
  assert.deepEqual(await Promise.all(waits), [true, true, false]);
  assert.equal(bus.waiting, 0);
});

test('a wait ends by its time, by its signal, and by the end of the process', async () => {
  const bus = makeBus();
  assert.equal(await bus.wait('events', bus.version('events'), 1), false);
  assert.equal(await bus.wait('events', bus.version('events'), 60_000, AbortSignal.abort()), false);
  const held = bus.wait('events', bus.version('events'), 60_000);
  bus.close();
  assert.equal(await held, true);
  assert.equal(await bus.wait('events', bus.version('events'), 60_000), false);
  assert.equal(bus.closed, true);
});

test('of a hundred thousand topics nobody waits on few are remembered, and none is answered wrongly', async () => {
  const bus = makeBus();
  const version = bus.version('host:first');
  for (let i = 0; i < 100_000; i += 1) bus.wake(`host:${i}`);
  // Forgotten meanwhile or not: what was asked before is over, or still true.
  bus.wake('host:first');
  assert.equal(await bus.wait('host:first', version, 60_000), true);
});
