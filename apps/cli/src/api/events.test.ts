// Server-sent events are read the same however they arrive.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { messageParser } from './events.ts';

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
