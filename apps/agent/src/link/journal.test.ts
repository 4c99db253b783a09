// Journals on their way: as a real agent process ships what executors left in the state folder.
import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readdirSync, readFileSync, utimesSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import type { JournalEntry } from '@nixfleet/contract/journal.ts';
import { type Home, makeHome } from './testing/agent-process.ts';
import { type Plane, startPlane } from './testing/plane.ts';
import { entries, line, makeClosure, makeOrder, placeRun, started, succeeded } from './testing/runs.ts';
import { until } from './testing/until.ts';

async function setup(t: TestContext): Promise<{ plane: Plane; home: Home }> {
  const plane = await startPlane();
  const home = makeHome(plane.url);
  t.after(async () => {
    await home.remove();
    await plane.goDown();
    assert.deepEqual(plane.faults, []);
  });
  return { plane, home };
}

const add = (path: string, ...some: JournalEntry[]): void =>
  appendFileSync(path, some.map((entry) => `${JSON.stringify(entry)}\n`).join(''));

test('a run that ended while no agent was there is shipped whole and settled', async (t) => {
  const { plane, home } = await setup(t);
  const journal = entries(started, line('one'), line('two'), succeeded);
  const run = placeRun(home, journal);
  plane.journals.set(run.id, []);
  home.start();
  await until('it is settled', () => existsSync(run.settled));
  assert.deepEqual(plane.journals.get(run.id), journal);
  const heard = plane.checkins.length;
  await until('a later check-in', () => plane.checkins.length > heard + 1);
  assert.deepEqual(plane.checkins.at(-1)?.held, [], 'a settled run is not held');
});

test('lines are shipped as they are written, half lines only once they are whole', async (t) => {
  const { plane, home } = await setup(t);
  const journal = entries(started, line('one'), line('two'), succeeded);
  const [first, second, third, last] = journal;
  assert.ok(first && second && third && last);
  const run = placeRun(home, [first]);
  plane.journals.set(run.id, []);
  home.start();
  const shipped = (): number => plane.journals.get(run.id)?.length ?? 0;
  await until('the first entry', () => shipped() === 1);
  const half = JSON.stringify(third);
  appendFileSync(run.journal, `${JSON.stringify(second)}\n${half.slice(0, 20)}`);
  await until('the second entry', () => shipped() === 2);
  appendFileSync(run.journal, `${half.slice(20)}\n`);
  await until('the third entry', () => shipped() === 3);
  add(run.journal, last);
  await until('the result', () => existsSync(run.settled));
});

test('a long journal goes in batches of at most 500 entries', async (t) => {
  const { plane, home } = await setup(t);
  const lines = Array.from({ length: 1700 }, (_, i) => line(`line ${i}`));
  const run = placeRun(home, entries(started, ...lines, succeeded));
  plane.journals.set(run.id, []);
  home.start();
  await until('it is settled', () => existsSync(run.settled));
  assert.equal(plane.journals.get(run.id)?.length, 1702);
  assert.equal(plane.heard.filter((h) => h.path.endsWith('/journal')).length, 4);
});

test('a control plane that lost the end of a journal gets it again from where it stands', async (t) => {
  const { plane, home } = await setup(t);
  const journal = entries(started, ...Array.from({ length: 9 }, (_, i) => line(`line ${i}`)), succeeded);
  const run = placeRun(home, journal.slice(0, 8));
  plane.journals.set(run.id, []);
  home.start();
  await until('most of it is there', () => plane.journals.get(run.id)?.length === 8);
  await plane.goDown();
  plane.journals.get(run.id)?.splice(3);
  add(run.journal, ...journal.slice(8));
  await plane.comeUp();
  await until('it is settled', () => existsSync(run.settled));
  assert.deepEqual(plane.journals.get(run.id), journal);
});

test('an agent that was killed goes on where the control plane stands', async (t) => {
  const { plane, home } = await setup(t);
  const journal = entries(started, line('one'), line('two'), succeeded);
  const run = placeRun(home, journal.slice(0, 2));
  plane.journals.set(run.id, []);
  const agent = home.start();
  await until('it ships', () => plane.journals.get(run.id)?.length === 2);
  await agent.end('SIGKILL');
  add(run.journal, ...journal.slice(2));
  home.start();
  await until('it is settled', () => existsSync(run.settled));
  assert.deepEqual(plane.journals.get(run.id), journal);
});

test('a run that the control plane does not know is kept for a week, then put away', async (t) => {
  const { home } = await setup(t);
  const [young, old] = [placeRun(home, entries(started, succeeded)), placeRun(home, entries(started, succeeded))];
  const eightDaysAgo = Date.now() / 1000 - 8 * 86_400;
  utimesSync(old.journal, eightDaysAgo, eightDaysAgo);
  const agent = home.start();
  await until('the old one is put away', () => existsSync(old.settled));
  await until('the log says so', () => agent.text.includes('its folder is kept'));
  assert.equal(existsSync(young.settled), false);
});

test('a check-in that says that the result is stored settles the run', async (t) => {
  const { plane, home } = await setup(t);
  const run = placeRun(home, entries(started, succeeded));
  plane.misbehave = ({ path }) => {
    if (path.endsWith('/journal')) return { silence: true };
    return path.endsWith('/checkin') ? { json: { now: 0, orders: [], cancel: [], settled: [run.id] } } : undefined;
  };
  home.start();
  await until('it is settled', () => existsSync(run.settled));
});

test('twenty settled runs stay whole, older ones keep only the marks that they happened', async (t) => {
  const { plane, home } = await setup(t);
  const runs = Array.from({ length: 22 }, () => placeRun(home, entries(started, succeeded)));
  for (const run of runs) plane.journals.set(run.id, []);
  home.start();
  const isWhole = (folder: (typeof runs)[number]): boolean => existsSync(folder.journal);
  await until('two shrink', () => runs.filter(isWhole).length === 20);
  assert.deepEqual(runs.slice(0, 2).map(isWhole), [false, false]);
  const [oldest] = runs;
  assert.ok(oldest);
  assert.deepEqual(readdirSync(oldest.root).toSorted(), ['settled', 'started']);
  plane.order(makeOrder({ id: oldest.id }));
  const heard = plane.checkins.length;
  await until('it has heard the order twice', () => plane.checkins.length > heard + 2);
  assert.deepEqual(readdirSync(oldest.root).toSorted(), ['settled', 'started'], 'it is not executed again');
});

test('a waiting executor is told yes over a connection of its own, once the control plane says so', async (t) => {
  const { plane, home } = await setup(t);
  const closure = makeClosure(home);
  let asked = 0;
  plane.confirmAnswer = () => ((asked += 1) < 2 ? { status: 503, json: {} } : { status: 204 });
  const run = placeRun(home, entries(started, { kind: 'confirming', windowMs: 60_000 }));
  plane.journals.set(run.id, []);
  home.start();
  await until('it is confirmed', () => existsSync(run.confirm));
  assert.equal(readFileSync(run.confirm, 'utf8'), 'yes');
  const confirms = plane.heard.filter((h) => h.path.endsWith('/confirm'));
  assert.deepEqual(
    confirms.map((h) => h.body),
    [{ running: closure }, { running: closure }],
  );
  for (const c of confirms) assert.equal(plane.heard.filter((h) => h.connection === c.connection).length, 1);
});

test('a waiting executor is told no when the control plane refuses', async (t) => {
  const { plane, home } = await setup(t);
  makeClosure(home);
  const body = { type: '', code: 'confirm_refused', title: 'not this one', status: 410 };
  plane.confirmAnswer = () => ({ status: 410, json: body });
  const run = placeRun(home, entries(started, { kind: 'confirming', windowMs: 60_000 }));
  plane.journals.set(run.id, []);
  home.start();
  await until('it is answered', () => existsSync(run.confirm));
  assert.equal(readFileSync(run.confirm, 'utf8'), 'no');
});

test('a cancelled run is told so through its folder, and only while it runs', async (t) => {
  const { plane, home } = await setup(t);
  const run = placeRun(home, entries(started));
  plane.journals.set(run.id, []);
  home.start();
  await until('it is shipped', () => plane.journals.get(run.id)?.length === 1);
  plane.cancel(run.id);
  await until('the mark is there', () => existsSync(run.cancel));
});
