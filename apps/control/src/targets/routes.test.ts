// Targets as operators see them: made known, listed, moved, removed.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CommitPage, Target, TargetList } from '@nixfleet/contract/targets.ts';
import { newestEvent } from '../events/service.ts';
import { listEvents } from '../events/store.ts';
import { insertTestHost } from '../testing/hosts.ts';
import { makeRepository } from '../testing/repository.ts';
import { makeWorld } from '../testing/world.ts';
import { mirrorPath } from './mirror.ts';
import { ensureConfigured } from './service.ts';
import { fetchingWorld, getTarget, refreshed } from './testing/following.ts';

test('a repository is made known, fetched, and its newest commits are listed in pages', async (t) => {
  const world = await fetchingWorld(t);
  const operator = await world.operator();
  const repository = makeRepository(join(world.folder, 'fleet'));
  const commits = ['one', 'two', 'three'].map((subject) => repository.commit(subject));
  const created = await operator.post('/api/targets', { name: 'fleet', url: repository.path });
  assert.equal(created.status, 201, created.text);
  const { targets } = (await operator.post('/api/targets/refresh')).json(TargetList);
  assert.equal(targets[0]?.head?.commit, commits[2]);
  assert.equal(targets[0]?.error, null);
  const first = (await operator.get('/api/targets/fleet/commits?limit=2')).json(CommitPage);
  assert.deepEqual(
    first.commits.map((c) => c.subject),
    ['three', 'two'],
  );
  const second = (await operator.get(`/api/targets/fleet/commits?limit=2&after=${first.next}`)).json(CommitPage);
  assert.deepEqual([second.commits.map((c) => c.commit), second.next], [[commits[0]], undefined]);
});

test('only a change is an event', async (t) => {
  const world = await fetchingWorld(t);
  const operator = await world.operator();
  const repository = makeRepository(join(world.folder, 'fleet'));
  repository.commit('one');
  await operator.post('/api/targets', { name: 'fleet', url: repository.path });
  await refreshed(operator, 'fleet');
  const before = await newestEvent(world.ctx.db);
  await refreshed(operator, 'fleet');
  assert.equal(await newestEvent(world.ctx.db), before);
  const head = repository.commit('two');
  await refreshed(operator, 'fleet');
  const [event, ...more] = await listEvents(world.ctx.db, before, 10);
  assert.deepEqual([event?.name, event?.body['head'], more.length], ['target_changed', head, 0]);
});

test('targets of the configuration are made known, and moved when it changes', async (t) => {
  const world = await fetchingWorld(t, { config: { targets: [{ name: 'fleet', url: '/nowhere', branch: 'main' }] } });
  const operator = await world.operator();
  await operator.post('/api/targets/refresh');
  const before = await getTarget(operator, 'fleet');
  assert.deepEqual([before.url, before.branch], ['/nowhere', 'main']);
  world.ctx.config.targets[0] = { name: 'fleet', url: '/elsewhere', branch: 'next' };
  await ensureConfigured(world.ctx);
  const after = await getTarget(operator, 'fleet');
  assert.deepEqual([after.id, after.url, after.branch], [before.id, '/elsewhere', 'next']);
});

test('a removed target leaves its hosts without one, and nothing on disk', async (t) => {
  const world = await fetchingWorld(t);
  const operator = await world.operator();
  const repository = makeRepository(join(world.folder, 'fleet'));
  repository.commit('one');
  const { id } = (await operator.post('/api/targets', { name: 'fleet', url: repository.path })).json(Target);
  await refreshed(operator, 'fleet');
  await insertTestHost(world.ctx, 'web1', { targetId: id });
  assert.equal((await getTarget(operator, 'fleet')).hosts, 1);
  assert.equal((await operator.delete('/api/targets/fleet')).status, 204);
  assert.equal((await operator.delete('/api/targets/fleet')).problem().code, 'target_not_found');
  assert.equal(existsSync(mirrorPath(world.ctx, id)), false);
  const host = await world.ctx.db.selectFrom('hosts').select('target_id').executeTakeFirst();
  assert.equal(host?.target_id, null);
  assert.deepEqual(
    world.ctx.reconcilers.map((r) => r.name),
    ['targets'],
  );
});

test('a name is taken once, and a password in an address is never shown', async (t) => {
  const world = await makeWorld(t);
  const operator = await world.operator();
  const url = 'https://deploy:s3cret@git.example.org/fleet.git';
  const created = await operator.post('/api/targets', { name: 'fleet', url });
  assert.equal(created.json(Target).url, 'https://deploy:***@git.example.org/fleet.git');
  const again = await operator.post('/api/targets', { name: 'fleet', url });
  assert.deepEqual([again.status, again.problem().code], [409, 'target_name_taken']);
  assert.doesNotMatch((await operator.get('/api/targets')).text, /s3cret/);
});
