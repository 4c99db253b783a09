import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppendedJournal } from '@nixfleet/contract/agent.ts';
import type { EntryBody } from '@nixfleet/contract/journal.ts';
import { CreatedRuns, JournalPage, Run } from '@nixfleet/contract/runs.ts';
import { ended, enrolHost, numbered, sampleClosure, started, type TestHost } from '../../agents/testing/host.ts';
import type { Client } from '../../testing/client.ts';
import { makeWorld, type World } from '../../testing/world.ts';

type Stage = { world: World; operator: Client; host: TestHost; id: string };

async function handedOver(world: World): Promise<Stage> {
  const operator = await world.operator();
  const host = await enrolHost(world, 'web1');
  const { results } = (await operator.post('/api/runs', { verb: 'restart', hosts: ['web1'] })).json(CreatedRuns);
  const id = results[0]?.run?.id ?? '';
  await host.checkIn();
  return { world, operator, host, id };
}

const line = (text: string): EntryBody => ({ kind: 'output', phase: 'restart', stream: 'stdout', text });
const getRun = async ({ operator, id }: Stage): Promise<Run> => (await operator.get(`/api/runs/${id}`)).json(Run);

test('what is sent again is compared and not stored again', async (t) => {
  const stage = await handedOver(await makeWorld(t));
  const entries = numbered(0, [started, line('a'), line('b'), ended('succeeded')], 5);
  const send = async (from: number, to: number) =>
    (await stage.host.send(stage.id, from, entries.slice(from, to))).json(AppendedJournal);
  assert.deepEqual(await send(0, 2), { next: 2, ended: false });
  assert.deepEqual(await send(0, 2), { next: 2, ended: false });
  assert.deepEqual(await send(1, 3), { next: 3, ended: false });
  assert.deepEqual(await send(0, 4), { next: 4, ended: true });
  assert.deepEqual(await send(0, 4), { next: 4, ended: true });
  assert.deepEqual((await stage.host.send(stage.id, 4, [])).json(AppendedJournal), { next: 4, ended: true });
  const page = (await stage.operator.get(`/api/runs/${stage.id}/journal`)).json(JournalPage);
  assert.deepEqual(page, { runId: stage.id, entries, last: 3, ended: true });
});

test('a gap says where to go on, other content is a conflict, and nothing follows a result', async (t) => {
  const stage = await handedOver(await makeWorld(t));
  const { host, id } = stage;
  await host.append(id, 0, [started, line('a')]);
  const gap = (await host.send(id, 5, numbered(5, [line('x')], 5))).problem();
  assert.deepEqual([gap.code, gap.details], ['journal_gap', { next: 2 }]);
  assert.equal(
    (await host.send(id, 1, numbered(1, [line('other')], stage.world.clock.now))).problem().code,
    'journal_conflict',
  );
  assert.equal((await host.send(id, 2, numbered(3, [line('x')], 5))).problem().code, 'invalid');
  const mixed = numbered(2, [ended('succeeded'), line('late')], 5);
  assert.equal((await host.send(id, 2, mixed)).problem().code, 'journal_conflict');
  await host.append(id, 2, [ended('succeeded')]);
  assert.equal((await host.send(id, 3, numbered(3, [line('late')], 5))).problem().code, 'journal_conflict');
  assert.equal((await getRun(stage)).state, 'succeeded');
});

test('fields that a newer agent sends, and we drop, are no conflict when they come again', async (t) => {
  const { host, id } = await handedOver(await makeWorld(t));
  const entries = [{ ...started, seq: 0, at: 5, cgroup: 'a' }];
  for (const _ of [1, 2]) assert.equal((await host.send(id, 0, entries as never)).status, 200);
});

test('another host’s token learns nothing of a run', async (t) => {
  const stage = await handedOver(await makeWorld(t));
  const other = await enrolHost(stage.world, 'db1');
  assert.equal((await other.send(stage.id, 0, numbered(0, [started], 5))).problem().code, 'run_not_found');
  const confirm = await other.client.post(`/api/agent/runs/${stage.id}/confirm`, { running: sampleClosure(1) });
  assert.equal(confirm.problem().code, 'run_not_found');
  assert.equal((await getRun(stage)).state, 'offered');
});

test('a live run may be confirmed, an ended one not', async (t) => {
  const { host, id } = await handedOver(await makeWorld(t));
  await host.append(id, 0, [started]);
  const confirm = () => host.client.post(`/api/agent/runs/${id}/confirm`, { running: sampleClosure(1) });
  assert.equal((await confirm()).status, 204);
  await host.append(id, 1, [ended('succeeded')]);
  assert.equal((await confirm()).problem().code, 'confirm_refused');
});

test('output is kept at its beginning and its end, and the middle is marked', async (t) => {
  const maxOutputBytes = 65_536;
  const stage = await handedOver(await makeWorld(t, { config: { maxOutputBytes } }));
  const { host, operator, id } = stage;
  await host.append(id, 0, [started]);
  const text = (n: number): string => `line ${n} ${'x'.repeat(90)}`;
  const total = 4000;
  for (let from = 0; from < total; from += 100)
    await host.append(
      id,
      from + 1,
      Array.from({ length: 100 }, (_, i) => line(text(from + i))),
    );
  await host.append(id, total + 1, [ended('succeeded')]);
  const run = await getRun(stage);
  assert.ok(run.outputBytes > 390_000);
  const kept = run.outputBytes - run.droppedBytes;
  assert.ok(kept > maxOutputBytes / 2 && kept <= maxOutputBytes * 1.1, `${kept} bytes kept`);
  const output = (await operator.get(`/api/runs/${id}/output`)).text;
  assert.ok(output.startsWith(`${text(0)}\n${text(1)}\n`));
  assert.ok(output.endsWith(`${text(total - 1)}\n`));
  const marker = /\n\[… ([\d ]+) bytes left out …\]\n/.exec(output);
  assert.equal(Number(marker?.[1]?.replaceAll(' ', '')), run.droppedBytes);
  assert.equal(Buffer.byteLength(output) - Buffer.byteLength(marker?.[0] ?? '') + 1, kept);
  // What was left out here may still be sent again.
  assert.equal(
    (
      await host.append(
        id,
        1,
        Array.from({ length: 400 }, (_, i) => line(text(i))),
      )
    ).ended,
    true,
  );
});

test('output that the host left out is marked too, and comes as JSON on request', async (t) => {
  const { host, operator, id } = await handedOver(await makeWorld(t));
  await host.append(id, 0, [started, line('a'), { kind: 'gap', phase: 'restart', droppedBytes: 12_345 }, line('b')]);
  assert.equal((await operator.get(`/api/runs/${id}/output`)).text, 'a\n[… 12 345 bytes left out …]\nb\n');
  const json = JSON.parse((await operator.get(`/api/runs/${id}/output?format=json`)).text) as {
    entries: { kind: string }[];
  };
  assert.deepEqual(
    json.entries.map((e) => e.kind),
    ['output', 'gap', 'output'],
  );
});

test('of progress only the last word of a batch is kept', async (t) => {
  const stage = await handedOver(await makeWorld(t));
  const progress = (done: number): EntryBody => ({
    kind: 'progress',
    phase: 'build',
    done,
    expected: 9,
    running: 1,
    failed: 0,
    bytesDone: 0,
    bytesExpected: 0,
  });
  await stage.host.append(stage.id, 0, [started, progress(1), progress(2), progress(3)]);
  assert.equal((await getRun(stage)).progress?.done, 3);
  const { entries } = (await stage.operator.get(`/api/runs/${stage.id}/journal`)).json(JournalPage);
  assert.deepEqual(
    entries.map((e) => e.seq),
    [0, 3],
  );
  assert.equal((await stage.host.append(stage.id, 0, [started, progress(1), progress(2), progress(3)])).next, 4);
});

/** The frames of an event stream until its end. */
async function readStream(
  origin: string,
  path: string,
  operator: Client,
  headers: Record<string, string> = {},
): Promise<{ id?: string; event: string }[]> {
  const answer = await fetch(`${origin}${path}`, {
    headers: { ...operator.headers, ...headers },
    signal: AbortSignal.timeout(10_000),
  });
  return (await answer.text()).split('\n\n').flatMap((frame) => {
    const event = /^event: (.*)$/m.exec(frame)?.[1];
    const id = /^id: (.*)$/m.exec(frame)?.[1];
    return event === undefined ? [] : [id === undefined ? { event } : { id, event }];
  });
}

test('a stream shows entries as they come, goes on after Last-Event-ID, and ends after the result', async (t) => {
  const { world, host, operator, id } = await handedOver(await makeWorld(t));
  const origin = await world.listen();
  const following = readStream(origin, `/api/runs/${id}/stream`, operator);
  await host.append(id, 0, [started, line('a')]);
  await host.append(id, 2, [line('b'), ended('succeeded')]);
  const seen = await following;
  assert.deepEqual(
    seen.filter((f) => f.event === 'entry').map((f) => f.id),
    ['0', '1', '2', '3'],
  );
  assert.equal(seen.at(-1)?.event, 'run');
  const rest = await readStream(origin, `/api/runs/${id}/stream`, operator, { 'last-event-id': '2' });
  assert.deepEqual(
    rest.map((f) => f.id ?? f.event),
    ['3', 'run'],
  );
});
