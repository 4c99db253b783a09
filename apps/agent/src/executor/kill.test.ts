// Kills the real executor at every line of its journal, and between lines that lie apart, lets a recovery (itself killed
// now and then) bring the run to its end, and asserts what must hold whatever happened.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { Order } from '@nixfleet/contract/agent.ts';
import { type KillAt, realExecutor } from '../testing/real-executor.ts';
import { makeSampleHost, type SampleHost, tell, type Told } from '../testing/sample-host.ts';
import { makeSampleStore, type Mode, type SampleStore } from '../testing/sample-store.ts';
import { execute } from './execute.ts';
import { recover } from './recover.ts';

type Scenario = {
  order: Pick<Order, 'verb'> & Partial<Order>;
  mode: Mode;
  /** A test that fails. */
  testFails?: boolean;
  answer: 'yes' | 'no';
  outcome: string;
  /** Kills before the intent are those of the first scenario. */
  whole: boolean;
};

const deploy = { verb: 'pull-switch', args: { test: true } } as const;
const scenarios: Record<string, Scenario> = {
  'a deployment that goes well': { order: deploy, mode: 'good', answer: 'yes', outcome: 'succeeded', whole: true },
  'units that fail': { order: deploy, mode: 'fail-units', answer: 'yes', outcome: 'rolled_back', whole: false },
  'an activation that fails early': {
    order: deploy,
    mode: 'fail-early',
    answer: 'yes',
    outcome: 'failed',
    whole: false,
  },
  'tests that fail': {
    order: deploy,
    mode: 'good',
    testFails: true,
    answer: 'yes',
    outcome: 'rolled_back',
    whole: false,
  },
  'a refused confirmation': { order: deploy, mode: 'good', answer: 'no', outcome: 'rolled_back', whole: false },
  'a rollback': { order: { verb: 'rollback' }, mode: 'good', answer: 'yes', outcome: 'succeeded', whole: false },
};

/** Two closures, a commit for the one that is deployed, and the systems' pause, so that there is a middle of an activation. */
type World = { store: SampleStore; commit: string; old: string; fresh: string };

let store: SampleStore;
before(async () => {
  store = await makeSampleStore();
});
after(() => store.remove());

for (const [name, scenario] of Object.entries(scenarios))
  test(`a kill at any line: ${name}`, { timeout: 300_000 }, async () => {
    const world = await makeWorld(scenario);
    const { points, lines } = await learn(world, scenario);
    assert.ok(points.length > 10, `${points.length} points`);
    await inParallel(2, points, (point, i) => killAndRecover(world, scenario, point, i, lines));
  });

async function makeWorld(scenario: Scenario): Promise<World> {
  const test = `#!/bin/sh\necho testing\nsleep 0.05\nexit ${scenario.testFails ? 1 : 0}\n`;
  const first = await store.commit({ version: '1', mode: 'good' });
  const commit = await store.commit(
    { version: '2', mode: scenario.mode },
    { 'hosts/web1/tests/T01-works.sh': { text: test, mode: 0o755 } },
  );
  return { store, commit, old: await store.build(first), fresh: await store.build(commit) };
}

/** A host that runs the old closure; for a rollback, the one it is to leave. */
async function makeHost(world: World, scenario: Scenario) {
  const host = makeSampleHost(world.store);
  const isRollback = scenario.order.verb === 'rollback';
  const [from, to] = isRollback ? [world.fresh, world.old] : [world.old, world.fresh];
  if (isRollback) await host.install(to);
  await host.install(from);
  const folder = host.take(scenario.order, isRollback ? undefined : world.commit);
  writeFileSync(folder.confirm, scenario.answer);
  return {
    host,
    folder,
    from,
    to,
    env: { ...host.host.env, SAMPLE_PAUSE: '0.05', NODE_COMPILE_CACHE: `${world.store.root}/compiled` },
  };
}

/** What the run looks like when nobody disturbs it, and where to disturb it. */
async function learn(world: World, scenario: Scenario): Promise<{ points: KillAt[]; lines: number }> {
  const { host, folder, env } = await makeHost(world, scenario);
  try {
    const times: number[] = [];
    await realExecutor('execute', folder, env, undefined, times);
    const told = tell(folder);
    assert.equal(told.result?.outcome, scenario.outcome);
    const intent = told.entries.findIndex((e) => e.kind === 'intent');
    const points = times.slice(0, -1).flatMap((time, i): KillAt[] => {
      const gap = (times[i + 1] ?? time) - time;
      const at = { lines: i + 1, afterMs: 0 };
      return gap > 15 ? [at, { ...at, afterMs: gap / 2 }] : [at];
    });
    return { points: scenario.whole ? points : points.filter((p) => p.lines > intent), lines: told.entries.length };
  } finally {
    host.remove();
  }
}

async function killAndRecover(
  world: World,
  scenario: Scenario,
  point: KillAt,
  i: number,
  lines: number,
): Promise<void> {
  const { host, folder, from, to, env } = await makeHost(world, scenario);
  const label = `killed ${point.afterMs.toFixed(0)} ms after line ${point.lines} of ${lines}`;
  try {
    await realExecutor('execute', folder, env, point);
    // Every other recovery is killed too, at one of its first lines.
    if (i % 2 === 0)
      await realExecutor('recover', folder, env, { lines: tell(folder).entries.length + 1 + (i % 7), afterMs: 0 });
    await recover(folder.root, host.host);
    const told = tell(folder);
    // A second start of either kind changes nothing any more.
    await execute(folder.root, host.host);
    await recover(folder.root, host.host);
    assert.deepEqual(tell(folder).entries, told.entries, label);
    assertTrue({ host, told, from, to, label, expected: scenario.outcome });
  } catch (error) {
    const journal = tell(folder)
      .entries.map((e) => JSON.stringify(e))
      .join('\n');
    throw new Error(`${label}\n${journal}`, { cause: error });
  } finally {
    host.remove();
  }
}

type Verdict = { host: SampleHost; told: Told; from: string; to: string; label: string; expected: string };

function assertTrue({ host, told, from, to, label, expected }: Verdict): void {
  const { running, profile } = host.observe();
  assert.equal(told.all('result').length, 1, `${label}: exactly one result`);
  assert.equal(told.entries.at(-1)?.kind, 'result', `${label}: the result is last`);
  assert.deepEqual(
    told.entries.map((e) => e.seq),
    told.entries.map((_, i) => i),
    `${label}: no gaps`,
  );
  assert.equal(told.entries[0]?.kind, 'started');
  const outcome = told.result?.outcome ?? '';
  // A kill never makes a run better, nor half of anything: it ends as it would have, or where it was.
  const allowed = new Set([expected, 'interrupted', ...(told.all('intent').length > 0 ? ['rolled_back'] : [])]);
  assert.ok(allowed.has(outcome), `${label}: ${outcome}`);
  const now = outcome === 'succeeded' ? to : from;
  assert.equal(running, now, `${label}: what runs after ${outcome}`);
  assert.equal(profile, now, `${label}: what the profile names after ${outcome}`);
  assert.equal(told.result?.running, running, `${label}: the result says what runs`);
  const activated = host.activations().filter((a) => a.closure === to);
  assert.ok(activated.length <= 1, `${label}: the target was activated ${activated.length} times`);
}

async function inParallel<T>(
  width: number,
  items: readonly T[],
  work: (item: T, i: number) => Promise<void>,
): Promise<void> {
  const queue = [...items.entries()];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) await work(next[1], next[0]);
  };
  await Promise.all(Array.from({ length: width }, worker));
}
