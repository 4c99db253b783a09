// Repositories that are followed: real git, real repositories, a server that never answers.
import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { CommitPage, TargetList } from '@nixfleet/contract/targets.ts';
import { makeWorld, type World, type WorldOptions } from '../testing/world.ts';
import { makeRepository } from '../testing/repository.ts';
import { targetsReconciler } from './reconcile.ts';

/** A world whose targets are fetched as in the real program. */
async function fetchingWorld(t: TestContext, options: WorldOptions = {}): Promise<World> {
  const world = await makeWorld(t, options);
  world.ctx.reconcilers.push(targetsReconciler(world.ctx));
  return world;
}

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

test('a repository that never answers keeps no other one waiting', async (t) => {
  const world = await fetchingWorld(t, { config: { fetchDeadlineMs: 30_000 } });
  const operator = await world.operator();
  const port = await silentServer(t);
  await operator.post('/api/targets', { name: 'silent', url: `git://127.0.0.1:${port}/x` });
  const repository = makeRepository(join(world.folder, 'fleet'));
  const head = repository.commit('one');
  await operator.post('/api/targets', { name: 'fleet', url: repository.path });
  const fetched = await until(async () => {
    const { targets } = (await operator.get('/api/targets')).json(TargetList);
    return targets.find((x) => x.name === 'fleet' && x.head !== null);
  });
  assert.equal(fetched.head?.commit, head);
});

async function until<T>(look: () => Promise<T | undefined>, deadlineMs = 15_000): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`it did not come true within ${deadlineMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Takes connections and says nothing. */
function silentServer(t: TestContext): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => sockets.add(socket));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('no port'));
      else resolve(address.port);
    });
  });
}
