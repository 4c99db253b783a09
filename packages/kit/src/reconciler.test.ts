import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reconciler } from './reconciler.ts';

/** A reconciler whose runs end when the test says so. */
function world(run?: () => Promise<void>) {
  const open: PromiseWithResolvers<void>[] = [];
  let now = 0;
  const r = reconciler({
    name: 'x',
    everyMs: 60_000,
    now: () => (now += 1),
    run: run ?? (() => (open.push(Promise.withResolvers<void>()), open.at(-1)?.promise ?? Promise.resolve())),
  });
  return { r, open };
}

test('any number of asks during a run make exactly one more', async () => {
  const { r, open } = world();
  const first = r.activate();
  const asks = [r.activate(), r.activate(), r.activate()];
  assert.equal(r.runs, 1);
  open[0]?.resolve();
  await first;
  await Promise.resolve();
  while (open.length < 2) await new Promise((resolve) => setImmediate(resolve));
  open[1]?.resolve();
  await Promise.all(asks);
  assert.equal(r.runs, 2);
  await r.stop();
});

test('a run that throws is recorded, and the next one runs all the same', async () => {
  let fails = true;
  const { r } = world(() => (fails ? Promise.reject(new Error('broken')) : Promise.resolve()));
  await r.activate();
  assert.equal(r.last?.error, 'broken');
  fails = false;
  await r.activate();
  assert.deepEqual([r.last?.error, r.runs], [null, 2]);
  assert.ok((r.last?.endedAt ?? 0) > (r.last?.startedAt ?? Infinity) - 1);
  await r.stop();
});

test('a stop waits for what runs, and nothing runs after it', async () => {
  const { r, open } = world();
  const running = r.activate();
  const stopped = r.stop();
  open[0]?.resolve();
  await Promise.all([running, stopped]);
  await r.activate();
  assert.equal(r.runs, 1);
});

test('it runs by itself once it is made', async () => {
  const begun = Promise.withResolvers<void>();
  const { r } = world(() => (begun.resolve(), Promise.resolve()));
  await begun.promise;
  await r.stop();
});
