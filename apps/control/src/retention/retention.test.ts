// What is old goes, what is still needed stays.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { transact } from '../context.ts';
import { newestEvent, record } from '../events/service.ts';
import { insertTestHost } from '../testing/hosts.ts';
import { makeWorld, type World } from '../testing/world.ts';
import { applyRetention } from './reconcile.ts';

const DAY = 86_400_000;
const never = new AbortController().signal;

async function insertRun({ ctx }: World, hostId: string, endedAt: number | null): Promise<string> {
  const id = ctx.newId('run');
  await ctx.db
    .insertInto('runs')
    .values({
      id,
      host_id: hostId,
      verb: 'test',
      args: '{}',
      state: endedAt === null ? 'queued' : 'succeeded',
      live: endedAt === null ? 1 : 0,
      fold: '{}',
      created_by: 'admin',
      created_at: 0,
      attempt: 0,
      finished_at: endedAt,
      expires_at: 0,
      journal_next: 1,
      output_bytes: 0,
      dropped_bytes: 0,
    })
    .execute();
  await ctx.db
    .insertInto('journal')
    .values({ run_id: id, seq: 0, at: 0, kind: 'started', body: '{}', bytes: 0 })
    .execute();
  return id;
}

test('ended runs go with their journals after 30 days; live ones and a host’s last one stay', async (t) => {
  const world = await makeWorld(t);
  const { ctx, clock } = world;
  const host = await insertTestHost(ctx, 'web1');
  const old = clock.now - 30 * DAY - 1;
  for (let i = 0; i < 450; i += 1) await insertRun(world, host.id, old);
  const last = await insertRun(world, host.id, old);
  const live = await insertRun(world, host.id, null);
  const young = await insertRun(world, host.id, clock.now - 30 * DAY + 1);
  await ctx.db.updateTable('hosts').set({ last_run_id: last }).execute();
  await applyRetention(ctx, never);
  const runs = await ctx.db.selectFrom('runs').select('id').execute();
  assert.deepEqual(new Set(runs.map((r) => r.id)), new Set([last, live, young]));
  const journals = await ctx.db.selectFrom('journal').select('run_id').execute();
  assert.equal(journals.length, 3);
});

test('events go after 7 days, but for the newest; sessions go when they end', async (t) => {
  const world = await makeWorld(t);
  const { ctx, clock } = world;
  await world.operator();
  for (const name of ['one', 'two'])
    await transact(ctx, (tx) => record(ctx, tx, { name: 'target_changed', body: { name } }));
  const newest = await newestEvent(ctx.db);
  clock.advance(7 * DAY + 1);
  await applyRetention(ctx, never);
  const events = await ctx.db.selectFrom('events').select('id').execute();
  assert.deepEqual(
    events.map((e) => e.id),
    [newest],
  );
  assert.deepEqual(await ctx.db.selectFrom('sessions').selectAll().execute(), []);
});
