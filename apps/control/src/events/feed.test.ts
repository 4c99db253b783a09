// The newest events at hand: always a complete tail of the outbox, or nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Event } from '@nixfleet/contract/events.ts';
import { makeFeed } from './feed.ts';

const event = (id: number): Event => ({ id, at: 0, name: 'host_changed', hostId: null, runId: null, body: {} });

test('before the outbox is read nothing is at hand', () => {
  const feed = makeFeed();
  assert.equal(feed.recent(0), undefined);
  assert.equal(feed.recent(1_000_000), undefined);
});

test('whatever it gives is all there is after the id asked for', () => {
  const batches = fc.array(fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 700 }), { maxLength: 20 });
  fc.assert(
    fc.property(fc.nat(1000), batches, fc.array(fc.nat(20_000)), (start, steps, asked) => {
      const feed = makeFeed();
      feed.start(start);
      const all: number[] = [];
      let id = start;
      for (const gaps of steps) {
        const batch = gaps.map((gap) => (id += gap));
        all.push(...batch);
        feed.take(batch.map(event));
      }
      assert.equal(feed.newest, id);
      for (const after of [...asked, start, id, id + 1]) {
        const given = feed.recent(after)?.map((e) => e.id);
        if (given)
          assert.deepEqual(
            given,
            all.filter((x) => x > after),
          );
        else assert.ok(after < start || all.length > 2000);
      }
      assert.ok(feed.recent(id));
    }),
    { numRuns: 30 },
  );
});
