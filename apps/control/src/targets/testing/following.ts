// Targets that are followed as in the real program, for tests.
import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type * as z from 'zod';
import { type Target, TargetList } from '@nixfleet/contract/targets.ts';
import { targetsReconciler } from '../reconcile.ts';
import type { Client } from '../../testing/client.ts';
import { makeWorld, type World, type WorldOptions } from '../../testing/world.ts';

/** A world whose targets are fetched. */
export async function fetchingWorld(t: TestContext, options: WorldOptions = {}): Promise<World> {
  const world = await makeWorld(t, options);
  world.ctx.reconcilers.push(targetsReconciler(world.ctx));
  return world;
}

export async function getTarget(operator: Client, name: string): Promise<z.infer<typeof Target>> {
  const { targets } = (await operator.get('/api/targets')).json(TargetList);
  const found = targets.find((x) => x.name === name);
  if (!found) throw new Error(`no target ${name}`);
  return found;
}

/** After a fetch of all of them. */
export async function refreshed(operator: Client, name: string): Promise<z.infer<typeof Target>> {
  const answer = await operator.post('/api/targets/refresh');
  assert.equal(answer.status, 200, answer.text);
  return getTarget(operator, name);
}

/** Takes connections and says nothing. */
export function silentServer(t: TestContext): Promise<number> {
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
