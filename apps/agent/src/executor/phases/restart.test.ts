// Restarting the agent: it counts when another agent process is seen, and never just because it was asked for.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { after, before, test, type TestContext } from 'node:test';
import { AgentDocument, writeDocument } from '../../state/documents.ts';
import { makeSampleHost, type SampleHost } from '../../testing/sample-host.ts';
import { makeSampleStore, type SampleStore } from '../../testing/sample-store.ts';
import { processOf } from '../process.ts';

let store: SampleStore;
before(async () => {
  store = await makeSampleStore();
});
after(() => store.remove());

function anyHost(t: TestContext): SampleHost {
  const host = makeSampleHost(store);
  t.after(host.remove);
  return host;
}

/** A process that stands for the agent and says so in agent.json; started again when it ends, as a supervisor would. */
function superviseAgent(t: TestContext, host: SampleHost, restarts: number): { starts: () => number } {
  let starts = 0;
  let stopped = false;
  let child: ReturnType<typeof spawn>;
  const start = (): void => {
    starts += 1;
    child = spawn('sleep', ['300'], { stdio: 'ignore' });
    child.once('spawn', () => {
      const id = processOf(Number(child.pid));
      if (id) writeDocument(host.state.agent, AgentDocument, { ...id, instance: `instance-${starts}` });
    });
    child.once('exit', () => {
      if (!stopped && starts <= restarts) start();
    });
  };
  start();
  t.after(() => {
    stopped = true;
    child.kill('SIGKILL');
  });
  return { starts: () => starts };
}

async function untilKnown(host: SampleHost): Promise<void> {
  for (let i = 0; i < 1000 && !existsSync(host.state.agent); i += 1) await new Promise((r) => setTimeout(r, 5));
}

test('a restart succeeds when another agent process is alive', async (t) => {
  const host = anyHost(t);
  const agent = superviseAgent(t, host, 5);
  await untilKnown(host);
  const told = await host.run({ verb: 'restart' });
  assert.equal(told.result?.outcome, 'succeeded');
  assert.deepEqual(told.phases(), ['restart done']);
  assert.equal(agent.starts(), 2);
});

test('a restart without an agent fails and says so', async (t) => {
  const told = await anyHost(t).run({ verb: 'restart' });
  assert.equal(told.result?.outcome, 'failed');
  assert.equal(told.result.reason, 'no agent process is alive to be restarted');
});

test('an update restarts the agent after it is confirmed', async (t) => {
  const host = anyHost(t);
  await host.install(await store.build(await store.commit({ version: '1', mode: 'good' })));
  const commit = await store.commit({ version: '2' });
  const agent = superviseAgent(t, host, 5);
  await untilKnown(host);
  const told = await host.run({ verb: 'update' }, commit, (f) => writeFileSync(f.confirm, 'yes'));
  assert.equal(told.result?.outcome, 'succeeded');
  assert.deepEqual(told.phases().slice(-2), ['confirm done', 'restart done']);
  assert.equal(agent.starts(), 2);
});

test('an update whose agent cannot be restarted says that the new system runs all the same', async (t) => {
  const host = anyHost(t);
  await host.install(await store.build(await store.commit({ version: '3', mode: 'good' })));
  const told = await host.run({ verb: 'update' }, await store.commit({ version: '4' }), (f) =>
    writeFileSync(f.confirm, 'yes'),
  );
  assert.equal(told.result?.outcome, 'half_activated');
  assert.equal(told.result.reason, 'the new system runs, but no agent process is alive to be restarted');
  assert.equal(host.observe().running, told.all('built')[0]?.storePath);
});
