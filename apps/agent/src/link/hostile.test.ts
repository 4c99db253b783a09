// A control plane that lies, floods and misleads: the agent stays alive, writes nowhere but its state folder, and works
// again once the control plane does.
import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runFolder } from '../state/folder.ts';
import { type Home, makeHome } from './testing/agent-process.ts';
import type { Answer } from './testing/listen.ts';
import { type Plane, startPlane } from './testing/plane.ts';
import { entries, line, makeOrder, makeRunId, placeRun, started } from './testing/runs.ts';
import { until } from './testing/until.ts';

async function setup(t: TestContext): Promise<{ plane: Plane; home: Home }> {
  const plane = await startPlane();
  const home = makeHome(plane.url);
  t.after(async () => {
    await home.remove();
    await plane.goDown();
  });
  return { plane, home };
}

const answerTo = (checkin: object): Answer => ({ json: { now: 0, orders: [], cancel: [], settled: [], ...checkin } });

const refused: Record<string, Answer> = {
  'a body of 5 MB': { text: `{"now":0,"padding":"${'x'.repeat(5 * 1024 * 1024)}"}` },
  'text that is not JSON': { text: '<html>Welcome to the hotel’s network</html>' },
  'JSON that is not an object': { json: ['orders'] },
  'an empty body': { text: '' },
  'a permanent redirect': { status: 308, headers: { location: 'https://elsewhere.example.com/' }, json: {} },
  'a temporary redirect': { status: 302, headers: { location: '/api/agent/elsewhere' }, json: {} },
  'a problem without a code': { status: 409, json: { detail: 'no' } },
  'a problem of a code this agent does not know': {
    status: 409,
    json: { type: '', code: 'of_tomorrow', title: 'new', status: 409 },
  },
  'a 401 that lasts': { status: 401, json: {} },
};

for (const [what, answer] of Object.entries(refused))
  test(`${what} in answer to a check-in counts as no answer`, async (t) => {
    const { plane, home } = await setup(t);
    plane.misbehave = ({ path }) => (path === '/api/agent/enrol' ? undefined : answer);
    const agent = home.start();
    await until('it complains', () => agent.text.includes('check-in failed'));
    plane.misbehave = undefined;
    await until('it checks in', () => plane.checkins.length > 0);
    assert.equal(
      plane.heard.some((h) => h.path.includes('elsewhere')),
      false,
      'no redirect is followed',
    );
  });

test('parts of an answer that make no sense are left alone, and the rest is done', async (t) => {
  const { plane, home } = await setup(t);
  const busy = placeRun(home, entries(started));
  const good = makeOrder();
  const nonsense = {
    orders: [
      { ...makeOrder(), id: '../../evil' },
      { ...makeOrder(), id: `${makeRunId()}/../../evil` },
      { ...makeOrder(), verb: 'format' },
      { ...makeOrder(), hardMs: 0 },
      { ...makeOrder(), args: { generation: '$(reboot)' } },
      { ...makeOrder(), target: { targetId: null, repository: 'ext::sh -c reboot', commit: 'f'.repeat(40) } },
      { ...makeOrder(), target: { ...someTarget, commit: '--upload-pack=reboot' } },
      { ...makeOrder(), target: { ...someTarget, attribute: 'a$(reboot)' } },
      null,
      17,
      good,
    ],
    cancel: ['../../evil', busy.id, 3],
    settled: ['../..', {}, '.'],
    token: 'two\r\nlines',
    wantIdentity: 'yes',
  };
  plane.misbehave = ({ path }) => (path === '/api/agent/checkin' ? answerTo(nonsense) : undefined);
  const agent = home.start();
  await until('the good order is taken', () => existsSync(runFolder(home.state, good.id).order));
  await until('the good cancellation is heard', () => existsSync(busy.cancel));
  assert.deepEqual(readdirSync(home.state.runs).toSorted(), [busy.id, good.id].toSorted());
  for (const folder of [home.state.root, home.root, dirname(home.root)])
    assert.equal(existsSync(join(folder, 'evil')), false);
  plane.misbehave = undefined;
  await until('it checks in again', () => plane.checkins.length > 0);
  assert.deepEqual(await agent.end(), { code: 0, signal: null });
});

const someTarget = {
  targetId: null,
  repository: 'https://git.example.com/fleet.git',
  commit: 'a'.repeat(40),
  attribute: 'nixosConfigurations.web1.config.system.build.toplevel',
  subject: null,
};

test('a flood of orders is taken up to a bound', async (t) => {
  const { plane, home } = await setup(t);
  placeRun(home, entries(started));
  const flood = Array.from({ length: 300 }, () => makeOrder());
  plane.misbehave = ({ path }) => (path === '/api/agent/checkin' ? answerTo({ orders: flood }) : undefined);
  const agent = home.start();
  await until('it says that it holds too many', () => agent.text.includes('holds too many runs'));
  assert.ok(readdirSync(home.state.runs).length <= 100);
  assert.doesNotMatch(agent.text, /Warning/);
});

test('an enrolment answered with nonsense is tried again', async (t) => {
  const { plane, home } = await setup(t);
  plane.misbehave = ({ path }) =>
    path === '/api/agent/enrol' ? { json: { hostId: '../evil', name: 'web1', token: 'x' } } : undefined;
  const agent = home.start();
  await until('it complains', () => agent.text.includes('the answer to the enrolment'));
  assert.equal(existsSync(home.state.token), false);
  plane.misbehave = undefined;
  await until('it checks in', () => plane.checkins.length > 0);
});

test('journal answers that contradict themselves neither end the run nor the agent', async (t) => {
  const { plane, home } = await setup(t);
  const journal = entries(started, line('one'));
  const run = placeRun(home, journal.slice(0, 1));
  plane.journals.set(run.id, []);
  const answers: Answer[] = [
    { json: { next: 99, ended: false } },
    { json: { next: -1, ended: false } },
    { status: 409, json: { type: '', code: 'journal_gap', title: 'gap', status: 409, details: { next: 1e12 } } },
    { status: 409, json: { type: '', code: 'journal_gap', title: 'gap', status: 409 } },
    { status: 409, json: { type: '', code: 'journal_conflict', title: 'conflict', status: 409 } },
  ];
  plane.misbehave = ({ path }) => (path.endsWith('/journal') ? answers.shift() : undefined);
  const agent = home.start();
  await until('the first lie is told', () => answers.length === 4);
  appendFileSync(run.journal, `${JSON.stringify(journal[1])}\n`);
  await until('it is shipped after all', () => plane.journals.get(run.id)?.length === 2, 40_000);
  assert.deepEqual(plane.journals.get(run.id), journal);
  assert.equal(existsSync(run.settled), false);
  assert.deepEqual(await agent.end(), { code: 0, signal: null });
});
