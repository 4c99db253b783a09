// Everything at once: clicks, crashes, lost answers, doubled and late messages, restarts of the control plane. A small model
// of a host executes what it is told; in the end every run has one outcome, and it is the one the host wrote down.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CreatedToken } from '@nixfleet/contract/access.ts';
import { AppendedJournal, CheckedIn, PROTOCOL } from '@nixfleet/contract/agent.ts';
import type { EntryBody, JournalEntry } from '@nixfleet/contract/journal.ts';
import { CreatedRuns, type Run, RunPage } from '@nixfleet/contract/runs.ts';
import { silent } from '@nixfleet/kit/log.ts';
import { ended, enrolHost, started } from '../agents/testing/host.ts';
import { bearer, type Client, makeClient } from '../testing/client.ts';
import { makeWorld, type World } from '../testing/world.ts';
import { openControl } from '../main.ts';
import { isLive } from './rules.ts';

type Verb = 'restart' | 'rollback';
type Fate = 'arrives' | 'request lost' | 'answer lost';

const fate = fc.constantFrom<Fate>('arrives', 'arrives', 'arrives', 'request lost', 'answer lost');
const action = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('ask' as const), verb: fc.constantFrom<Verb>('restart', 'rollback') }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('cancel' as const), which: fc.nat(2) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('check in' as const), fate }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('execute' as const), steps: fc.integer({ min: 1, max: 3 }) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('ship' as const),
      fate,
      back: fc.nat(3),
      most: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('replay' as const), which: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart control' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1000, 30_000, 61_000, 200_000) }),
  },
);
type Action = typeof action extends fc.Arbitrary<infer A> ? A : never;

const script: Record<Verb, EntryBody[]> = {
  restart: [
    started,
    { kind: 'output', phase: 'restart', stream: 'stdout', text: 'a' },
    { kind: 'phase_started', phase: 'restart' },
    ended('succeeded'),
  ],
  rollback: [
    started,
    { kind: 'phase_started', phase: 'activate' },
    { kind: 'phase_ended', phase: 'activate', status: 'failed', durationMs: 1 },
    ended('rolled_back'),
  ],
};

/** What the host keeps on its disk of a run. */
type Kept = { verb: Verb; journal: JournalEntry[]; cancelled: boolean; killed: boolean; settled: boolean };

const isOver = (kept: Kept): boolean => kept.journal.at(-1)?.kind === 'result';
const hasChanged = (kept: Kept): boolean => kept.journal.some((e) => e.kind === 'phase_started');

/** Counts how often each run was begun: the one thing that must never be two. */
function makeHost() {
  const disk = new Map<string, Kept>();
  const begun: string[] = [];
  /** In memory only: what the control plane said it has. */
  let next = new Map<string, number>();
  const current = (): [string, Kept] | undefined => [...disk].find(([, kept]) => !isOver(kept));
  return {
    disk,
    begun,
    nextOf: (id: string): number => next.get(id) ?? 0,
    said: (id: string, n: number) => void next.set(id, n),
    unsettled: () =>
      [...disk].filter(([, kept]) => !kept.settled).map(([id, kept]) => ({ id, next: kept.journal.length })),
    take({ orders, cancel, settled }: CheckedIn): void {
      for (const { id, verb } of orders)
        if (!disk.has(id))
          disk.set(id, { verb: verb as Verb, journal: [], cancelled: false, killed: false, settled: false });
      for (const id of cancel) Object.assign(disk.get(id) ?? {}, { cancelled: true });
      for (const id of settled) Object.assign(disk.get(id) ?? {}, { settled: true });
    },
    step(at: number): void {
      const [id, kept] = current() ?? [];
      if (id === undefined || !kept) return;
      const { journal } = kept;
      if (journal.length === 0) begun.push(id);
      const stopped = journal.length > 0 && !hasChanged(kept);
      const body =
        kept.killed && journal.length > 0
          ? ended('failed', 'its executor was killed')
          : kept.cancelled && stopped
            ? ended('cancelled')
            : script[kept.verb][journal.length];
      if (body) journal.push({ seq: journal.length, at, ...body });
    },
    crash(): void {
      next = new Map();
      const [, kept] = current() ?? [];
      if (kept && kept.journal.length > 0) kept.killed = true;
    },
  };
}

type Stage = { world: World; admin: Client; name: string; closers: (() => Promise<void>)[] };

async function play({ world, admin, name, closers }: Stage, actions: readonly Action[]): Promise<void> {
  let app = world.app;
  const { token } = await enrolHost(world, name);
  // Limits count callers; each play is one of its own.
  const { token: apiToken } = (await admin.post('/api/tokens', { name })).json(CreatedToken);
  let operator = makeClient(app, bearer(apiToken));
  let agent = makeClient(app, bearer(token));
  const host = makeHost();
  const asked: string[] = [];
  const outcomes = new Map<string, string>();
  const sent: { id: string; body: object }[] = [];

  const restart = async (): Promise<void> => {
    const { db, engine, config } = world.ctx;
    const control = await openControl({
      config,
      database: { db, engine },
      log: silent,
      now: () => world.clock.now,
      checkAnswers: true,
      background: false,
    });
    closers.push(() => control.close());
    app = control.app;
    operator = makeClient(app, bearer(apiToken));
    agent = makeClient(app, bearer(token));
  };

  const checkIn = async (how: Fate): Promise<void> => {
    const says = { protocol: PROTOCOL, instance: 'one', waitMs: 0, held: host.unsettled() };
    if (how === 'request lost') return;
    const answer = await agent.post('/api/agent/checkin', says);
    assert.equal(answer.status, 200, answer.text);
    if (how === 'arrives') host.take(answer.json(CheckedIn));
  };

  const ship = async (how: Fate, back: number, most: number): Promise<void> => {
    const [id, kept] = [...host.disk].find(([, k]) => !k.settled) ?? [];
    if (id === undefined || !kept || how === 'request lost') return;
    const offset = Math.max(0, Math.min(host.nextOf(id), kept.journal.length) - back);
    const body = { offset, entries: kept.journal.slice(offset, offset + most) };
    sent.push({ id, body });
    const answer = await agent.post(`/api/agent/runs/${id}/journal`, body);
    if (how === 'answer lost') return;
    if (answer.status === 409) {
      assert.equal(answer.problem().code, 'journal_gap');
      return host.said(id, Number(answer.problem().details?.['next']));
    }
    const { next, ended: isEnded } = answer.json(AppendedJournal);
    host.said(id, next);
    if (isEnded) kept.settled = true;
  };

  const act = async (a: Action): Promise<void> => {
    switch (a.do) {
      case 'ask': {
        const { results } = (await operator.post('/api/runs', { verb: a.verb, hosts: [name] })).json(CreatedRuns);
        const id = results[0]?.run?.id;
        if (id !== undefined && !asked.includes(id)) asked.push(id);
        return;
      }
      case 'cancel': {
        const id = asked.at(-1 - a.which);
        if (id !== undefined) await operator.post(`/api/runs/${id}/cancel`);
        return;
      }
      case 'check in':
        return checkIn(a.fate);
      case 'execute':
        for (let n = 0; n < a.steps; n += 1) host.step(world.clock.now);
        return;
      case 'ship':
        return ship(a.fate, a.back, a.most);
      case 'replay': {
        const old = sent[a.which];
        if (old) await agent.post(`/api/agent/runs/${old.id}/journal`, old.body);
        return;
      }
      case 'crash':
        return host.crash();
      case 'restart control':
        return restart();
      case 'wait':
        return world.clock.advance(a.ms);
      default:
        throw new Error(`unknown action ${JSON.stringify(a satisfies never)}`);
    }
  };

  const look = async (): Promise<Run[]> => {
    const { runs } = (await operator.get(`/api/runs?host=${name}&limit=500`)).json(RunPage);
    assert.ok(runs.filter((r) => r.state === 'offered' || r.state === 'running').length <= 1, 'one run at a time');
    for (const { id, state } of runs) {
      if (isLive(state)) assert.ok(!outcomes.has(id), `${id} came back to life`);
      else assert.equal(outcomes.get(id) ?? state, state, `${id} got a second outcome`);
      if (!isLive(state)) outcomes.set(id, state);
    }
    return runs;
  };

  for (const a of actions) {
    await act(a);
    await look();
  }
  for (let n = 0; (await look()).some((r) => isLive(r.state)) && n < 200; n += 1) {
    await checkIn('arrives');
    for (let step = 0; step < 5; step += 1) host.step(world.clock.now);
    await ship('arrives', 0, 10);
    world.clock.advance(61_000);
  }
  assert.equal(outcomes.size, asked.length, 'every run ends');
  assert.equal(new Set(host.begun).size, host.begun.length, 'nothing is executed twice');
  assert.deepEqual(
    host.begun,
    asked.filter((id) => host.begun.includes(id)),
    'first in, first out',
  );
  for (const id of asked) {
    const result = host.disk.get(id)?.journal.at(-1);
    if (result?.kind === 'result') assert.equal(outcomes.get(id), result.outcome, 'the outcome is the journal’s');
    else assert.equal(outcomes.get(id), 'cancelled');
  }
}

test('whatever is lost, doubled, late or restarted, every run has one outcome, and it is its journal’s', async (t) => {
  const world = await makeWorld(t);
  const admin = await world.operator();
  let n = 0;
  const property = fc.asyncProperty(
    fc.array(action, { minLength: 10, maxLength: 60, size: 'max' }),
    async (actions) => {
      const closers: Stage['closers'] = [];
      try {
        await play({ world, admin, name: `model${(n += 1)}`, closers }, actions);
      } finally {
        for (const close of closers) await close();
      }
    },
  );
  await fc.assert(property, { numRuns: 50, endOnFailure: true });
});
