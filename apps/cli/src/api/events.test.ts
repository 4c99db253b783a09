// Server-sent events are read the same however they arrive.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Problem } from '@nixfleet/contract/problem.ts';
import { startControl, type TestControl } from '../testing/control.ts';
import { aRun, TOKEN } from '../testing/worlds.ts';
import type { Api } from './client.ts';
import { messageParser, readStream, type Stream } from './events.ts';
import { Failure } from './failure.ts';

test('an event stream means the same however its bytes are cut', () => {
  const sent =
    ': hi\n\nid: 7\nevent: entry\ndata: {"a":1}\n\r\ndata: one\r\ndata:two\r\n\r\nevent: run\rdata: x: y\r\rid: 9\ndata\n\nevent: none\n\n';
  const whole = [
    { id: '7', event: 'entry', text: '{"a":1}' },
    { id: '7', event: 'message', text: 'one\ntwo' },
    { id: '7', event: 'run', text: 'x: y' },
    { id: '9', event: 'message', text: '' },
  ];
  assert.deepEqual(messageParser()(sent), whole);
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(sent.length)), (cuts) => {
      const parse = messageParser();
      const edges = [0, ...cuts.toSorted((a, b) => a - b), sent.length];
      const messages = edges.slice(1).flatMap((to, i) => parse(sent.slice(edges[i], to)));
      assert.deepEqual(messages, whole);
    }),
  );
});

test('a message without end is refused instead of kept', () => {
  const parse = messageParser();
  assert.throws(() => {
    for (let i = 0; i < 20; i += 1) parse('x'.repeat(1024 * 1024));
  }, /too large/);
});

async function world(use: (w: { control: TestControl; api: Api; stream: Stream }) => Promise<void>): Promise<void> {
  const run = aRun({ n: 1 });
  const control = await startControl([], [run]);
  const api = { url: control.url, token: TOKEN, signal: new AbortController().signal };
  const path = `/api/runs/${run.id}/stream`;
  const stream: Stream = { path, onMessage: () => false, now: () => 0, random: () => 0 };
  try {
    await use({ control, api, stream });
  } finally {
    await control.close();
  }
}

test('a stream that nobody ever answered fails at once', () =>
  world(async ({ control, api, stream }) => {
    control.refuse(true);
    await assert.rejects(readStream(api, stream), (e) => e instanceof Failure && e.status === 69);
    assert.equal(control.seen.length, 1);
  }));

test('a broken stream is tried again, but not for ever', () =>
  world(async ({ control, api, stream }) => {
    control.refuse(true);
    let minutes = 0;
    const now = (): number => (minutes += 4) * 60_000;
    const states: string[] = [];
    const broken = readStream(api, { ...stream, reached: true, now, onConnection: (state) => states.push(state) });
    await assert.rejects(broken, (e) => e instanceof Failure && e.status === 69);
    assert.ok(control.seen.length > 1);
    assert.deepEqual(states, ['lost']);
  }));

test('who is asked to come less often waits as long as it was told, and then goes on', () =>
  world(async ({ control, api, stream }) => {
    control.refuse(new Problem('rate_limited', 'Too many requests', { details: { retryAfterMs: 20 } }));
    const onConnection = (state: 'lost' | 'back'): void => control.refuse(state === 'back');
    await readStream(api, { ...stream, reached: true, onConnection });
    assert.equal(control.seen.length, 2);
  }));

test('a problem that time does not mend ends the stream', () =>
  world(async ({ control, api, stream }) => {
    control.refuse(new Problem('run_not_found', 'There is no such run'));
    await assert.rejects(readStream(api, { ...stream, reached: true }), (e) => e instanceof Failure && e.status === 2);
  }));
