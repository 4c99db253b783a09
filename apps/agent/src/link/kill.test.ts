// The agent is killed at every request it makes and at every file it writes while orders are in flight: whatever the
// instant, each run is executed once and its one result arrives.
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { StateFolder } from '../state/folder.ts';
import { makeHome } from './testing/agent-process.ts';
import { startPlane } from './testing/plane.ts';
import { makeRepository } from './testing/repository.ts';
import { makeOrder } from './testing/runs.ts';
import { until } from './testing/until.ts';

type Point = { at: 'request'; number: number; answered: boolean } | { at: 'file'; name: string; run: 0 | 1 };

const REQUESTS = 8;
const files = ['', 'order.json', 'started', 'executor.json', 'journal.jsonl', 'shipped', 'settled'];

const points: Point[] = [
  ...Array.from({ length: REQUESTS }, (_, i) => i + 1).flatMap((number) => [
    { at: 'request' as const, number, answered: false },
    { at: 'request' as const, number, answered: true },
  ]),
  ...files.flatMap((name) => [
    { at: 'file' as const, name, run: 0 as const },
    { at: 'file' as const, name, run: 1 as const },
  ]),
];

const nameOf = (p: Point): string =>
  p.at === 'request'
    ? `request ${p.number}, ${p.answered ? 'answered' : 'not yet answered'}`
    : `${p.name === '' ? 'the folder' : p.name} of run ${p.run + 1}`;

const hasFile = (state: StateFolder, { name, run }: { name: string; run: number }): boolean => {
  const id = existsSync(state.runs) ? readdirSync(state.runs).toSorted()[run] : undefined;
  return id !== undefined && existsSync(`${state.runs}/${id}/${name}`);
};

describe('an agent killed', { concurrency: 3 }, () => {
  for (const point of points)
    test(`at ${nameOf(point)} executes each run once and reports it`, async (t) => {
      const plane = await startPlane();
      const home = makeHome(plane.url);
      t.after(async () => {
        await home.remove();
        await plane.goDown();
      });
      const repository = await makeRepository(home.root);
      const target = {
        targetId: null,
        repository: repository.url,
        commit: repository.commit,
        attribute: 'nixosConfigurations.web1.config.system.build.toplevel',
        subject: null,
      };
      const orders = [1, 2].map(() => makeOrder({ verb: 'test', target }));
      orders.forEach(plane.order);

      const agent = home.start();
      let killed = false;
      const kill = (): void => {
        killed = true;
        agent.child.kill('SIGKILL');
      };
      plane.misbehave = () => {
        if (killed || point.at !== 'request' || plane.heard.length < point.number) return undefined;
        if (point.answered) setImmediate(kill);
        else kill();
        return undefined;
      };
      const results = () => orders.map((order) => plane.journals.get(order.id)?.at(-1));
      const done = (): boolean => results().every((entry) => entry?.kind === 'result');
      await until('the instant to kill, or the end', () => {
        if (point.at === 'file' && hasFile(home.state, point)) kill();
        return killed || done();
      });
      if (killed) {
        await agent.exited;
        home.start();
      }
      await until('both results', done, 60_000);
      assert.deepEqual(
        results().map((entry) => entry?.kind === 'result' && entry.outcome),
        ['succeeded', 'succeeded'],
      );
      for (const order of orders)
        assert.equal(plane.journals.get(order.id)?.filter((entry) => entry.kind === 'started').length, 1);
      assert.equal(repository.executions(), 2);
      assert.deepEqual(plane.faults, []);
    });
});
