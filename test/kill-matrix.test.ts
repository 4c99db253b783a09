// The kill matrix: agent, executor, control plane and network are each ended at every step of a deployment's journal, and
// afterwards the run has exactly one outcome, it is true, and nothing ran twice. The steps are learnt from a deployment
// that nobody disturbs, so a new step is in the matrix the day it exists.
import assert from 'node:assert/strict';
import { after, before, describe, test, type TestContext } from 'node:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JournalEntry } from '@nixfleet/contract/journal.ts';
import type { Run } from '@nixfleet/contract/runs.ts';
import { readFileIfPresent } from '@nixfleet/kit/atomic-file.ts';
import { pause } from '@nixfleet/kit/backoff.ts';
import { changeHost, publish } from '../apps/control/demo/repository.ts';
import { Packages, type SampleHostName } from '../apps/control/demo/hosts.ts';
import type { Member } from '../apps/control/demo/fleet.ts';
import { hostJournal, makeWorld, truth, until, type World } from './loop/world.ts';

type Victim = 'executor' | 'agent' | 'network' | 'control';

/** Each has a host of its own, so that they can be struck side by side; the control plane is everybody's. */
const hostOf: Record<Victim, SampleHostName> = { executor: 'db1', agent: 'laptop', network: 'web1', control: 'db1' };
const CONFIRM_MS = 3000;

/** A step is an entry's kind and phase, and which of its kind it is; output and progress come as they come. */
function steps(entries: readonly JournalEntry[]): string[] {
  const seen = new Map<string, number>();
  return entries
    .filter((e) => e.kind !== 'output' && e.kind !== 'progress')
    .map((e) => {
      const name = 'phase' in e && e.phase !== null ? `${e.kind} ${e.phase}` : e.kind;
      const count = (seen.get(name) ?? 0) + 1;
      seen.set(name, count);
      return count === 1 ? name : `${name} #${count}`;
    });
}

/** Of progress the control plane keeps the last word of what came together. */
const withoutProgress = (entries: readonly JournalEntry[]): JournalEntry[] =>
  entries.filter((e) => e.kind !== 'progress');

let round = 0;
let last: Promise<unknown> = Promise.resolve();
/** A commit that nothing is wrong with, and that gives the host a closure nobody has built. One at a time. */
function commitNext(w: World, host: SampleHostName): Promise<void> {
  const mine = last.then(() => commit(w, host));
  last = mine.catch(() => undefined);
  return mine;
}

async function commit(w: World, host: SampleHostName): Promise<void> {
  round += 1;
  changeHost(w.fleet.repository, host, 'packages.json', Packages, (p) => ({
    ...p,
    openssl: { version: `3.4.${round}`, size: 16 },
  }));
  await publish(w.fleet.repository, `openssl 3.4.${round}`);
  await w.operator.refresh();
}

/** How often each closure was activated, by the host's own account. */
function activations({ machine }: Member): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of (readFileIfPresent(join(machine.root, 'etc/activations')) ?? '').split('\n'))
    if (line !== '') counts.set(line, (counts.get(line) ?? 0) + 1);
  return counts;
}

describe('the kill matrix', { timeout: 1_800_000 }, () => {
  let w: World;
  before(async () => {
    w = await makeWorld({ confirmMs: CONFIRM_MS, control: { NIXFLEET_LEASE_MS: '3000' } });
    await learn();
  });
  after(() => w?.close());

  const learnt: string[] = [];
  async function learn(): Promise<void> {
    await commitNext(w, 'db1');
    const [run] = await w.operator.run({ verb: 'pull-switch', hosts: ['db1'] });
    const ended = await w.operator.ended(run?.id ?? '');
    assert.equal(ended.state, 'succeeded', ended.reason ?? '');
    learnt.push(...steps(await w.operator.journal(ended.id)));
  }

  const everyStep = async (victim: Victim, t: TestContext): Promise<void> => {
    assert.ok(learnt.length > 15, `a deployment has steps: ${learnt.join(', ')}`);
    for (const step of learnt) await t.test(`${victim} at “${step}”`, () => disturbed(victim, step));
  };

  describe('side by side', { concurrency: true }, () => {
    for (const victim of ['executor', 'agent', 'network'] as const)
      test(`${victim} is ended at every step, and the outcome is known once and true`, (t) => everyStep(victim, t));
  });

  test('control is ended at every step, and the outcome is known once and true', (t) => everyStep('control', t));

  async function disturbed(victim: Victim, step: string): Promise<void> {
    const host = hostOf[victim];
    const member = w.member(host);
    await commitNext(w, host);
    const was = truth(member);
    const counted = activations(member);
    const [run] = await w.operator.run({ verb: 'pull-switch', hosts: [host] });
    const id = run?.id ?? '';
    await until(30_000, `the step ${step}`, () => steps(hostJournal(member, id)).includes(step));
    await strike(victim, member, id);
    const ended = await w.operator.ended(id, 45_000);
    await isTrue(ended, member, was, counted);
    // The next run is not kept waiting by what happened to this one.
    await until(15_000, 'the host to be free again', async () => (await w.operator.host(host)).run === null);
  }

  async function strike(victim: Victim, member: Member, runId: string): Promise<void> {
    switch (victim) {
      case 'executor': {
        const file = join(member.machine.stateDir, 'runs', runId, 'executor.json');
        const { pid } = JSON.parse(readFileSync(file, 'utf8')) as { pid: number };
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // It has ended already, which is one of the ways to be killed at its last step.
        }
        return;
      }
      case 'agent':
        return member.agent.kill('SIGKILL');
      case 'control':
        return w.fleet.control.kill('SIGKILL');
      case 'network':
        member.link.cut();
        await pause(CONFIRM_MS * 2);
        return member.link.restore();
      default:
        return victim satisfies never;
    }
  }

  async function isTrue(
    run: Run,
    member: Member,
    was: ReturnType<typeof truth>,
    counted: Map<string, number>,
  ): Promise<void> {
    const said = `${run.state}: ${run.reason}`;
    const journal = await w.operator.journal(run.id);
    const onHost = hostJournal(member, run.id);
    assert.deepEqual(
      onHost.map((e) => e.seq),
      onHost.map((_, n) => n),
      'the host’s journal has no gap',
    );
    assert.deepEqual(withoutProgress(journal), withoutProgress(onHost), 'and the control plane has all of it');
    const results = journal.filter((e) => e.kind === 'result');
    assert.equal(results.length, 1, 'there is one result');
    assert.equal(results[0], journal.at(-1), 'and it is the last entry');
    assert.equal(results[0]?.kind === 'result' && results[0].outcome, run.state);

    const is = truth(member);
    const target = run.storePath;
    switch (run.state) {
      case 'succeeded':
        assert.equal(is.running, target, said);
        assert.equal(is.profile, target, said);
        break;
      case 'rolled_back':
      case 'interrupted':
      case 'failed':
        assert.equal(is.running, was.running, said);
        assert.equal(is.profile, was.profile, said);
        break;
      default:
        assert.fail(`a good commit cannot end so: ${said}`);
    }
    const twice = [...activations(member)].filter(
      ([closure, n]) => closure === target && n - (counted.get(closure) ?? 0) > 1,
    );
    assert.deepEqual(twice, [], 'the target was activated at most once');
  }
});
