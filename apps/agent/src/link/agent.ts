// The agent's loop: check in, do what the answer says, again. It never waits for a run; what it must remember is in files.
import { existsSync, writeFileSync } from 'node:fs';
import type { Identity } from '@nixfleet/contract/agent.ts';
import { isProblem, Problem } from '@nixfleet/contract/problem.ts';
import { pause } from '@nixfleet/kit/backoff.ts';
import { makeReporter, type Observation } from '../facts/report.ts';
import { makeBell } from './bell.ts';
import { type Answer, checkIn } from './checkin.ts';
import { keepClaim, StateFolderTaken } from './claim.ts';
import type { Link } from './context.ts';
import { authorised } from './credential.ts';
import { takeOrder } from './orders.ts';
import { settle } from './put-away.ts';
import { EAGER_MS, holdMs, IDLE_MS, waitAfter } from './rhythm.ts';
import { type Tending, tendRuns } from './tend.ts';
import { storeToken } from './token.ts';

const MAX_HELD = 100;

export type AgentParts = {
  link: Link;
  instance: string;
  identity: () => Identity;
  observe: () => Promise<Observation>;
};

/** Runs until `link.stop` aborts. Throws only what no waiting can heal. */
export async function runAgent({ link, instance, identity, observe }: AgentParts): Promise<void> {
  const { log, random, monotonic } = link;
  const linkUp = makeBell();
  const reporter = makeReporter(monotonic);
  let hold = new AbortController();
  const speak = (): void => hold.abort();
  const tending = tendRuns(link, { linkUp, speak, refused: speak });
  /** Identity and token of the last answered check-in: what the control plane knows us by. */
  let known: string | undefined;
  let failures = 0;
  let waitMs = 0;

  const once = async (): Promise<Answer> => {
    const observedAt = monotonic();
    const seen = await observe();
    const who = identity();
    return authorised(link, who, async (token) => {
      const knows = JSON.stringify([who, token]);
      if (known !== knows) reporter.forget();
      const report = reporter.report(seen, observedAt);
      waitMs = failures > 0 || known === undefined ? 0 : holdMs(link.config.intervalMs, random);
      const saying = {
        instance,
        waitMs,
        ...(known === knows ? {} : { identity: who }),
        facts: report.facts,
        held: tending.held(),
      };
      const answer = await checkIn(link, token, saying, AbortSignal.any([link.stop, hold.signal]));
      report.acknowledge();
      known = answer.wantIdentity ? undefined : JSON.stringify([who, answer.token ?? token]);
      if (answer.token !== undefined) storeToken(link.state, answer.token);
      return answer;
    });
  };

  while (!link.stop.aborted) {
    const startedAt = monotonic();
    try {
      keepClaim(link.state, instance);
      const answer = await once();
      if (failures > 0) {
        log.info({ failures }, 'the control plane answers again');
        linkUp.ring();
      }
      failures = 0;
      const news = act(link, tending, answer) || (waitMs === 0 && !answer.wantIdentity);
      const pauseMs = news ? EAGER_MS : Math.max(0, IDLE_MS - (monotonic() - startedAt));
      await pause(pauseMs, AbortSignal.any([link.stop, hold.signal]));
    } catch (error) {
      if (error instanceof StateFolderTaken) throw error;
      if (link.stop.aborted) break;
      if (hold.signal.aborted) {
        await pause(EAGER_MS, link.stop);
      } else {
        failures += 1;
        const { code, message, next } = isProblem(error) ? error : new Problem('internal', 'a fault of this agent');
        const pauseMs = waitAfter(code, failures, random);
        const fault = isProblem(error) ? {} : { err: error };
        log.warn({ code, reason: message, next, pauseMs, ...fault }, 'check-in failed');
        await pause(pauseMs, link.stop);
      }
    }
    if (hold.signal.aborted) hold = new AbortController();
  }
  await tending.stop();
}

/** Whether the answer changed anything here. */
function act(link: Link, tending: Tending, { orders, cancel, settled, token }: Answer): boolean {
  let news = token !== undefined;
  let room = MAX_HELD - tending.held().length;
  for (const order of orders) {
    if (room <= 0) {
      link.log.warn({ run: order.id }, 'the host holds too many runs; the order waits');
    } else if (takeOrder(link.state, link.config, order)) {
      room -= 1;
      link.log.info({ run: order.id, verb: order.verb, commit: order.target?.commit }, 'order taken');
      news = true;
    }
  }
  for (const id of [...cancel, ...settled]) news = stopOrSettle(tending, id, settled.includes(id)) || news;
  if (news) void tending.reconciler.activate();
  return news;
}

/** A run that the control plane has no more use for, but that has no result here, ends as a cancelled one: by its executor. */
function stopOrSettle(tending: Tending, id: string, isSettled: boolean): boolean {
  const run = tending.runOf(id);
  if (!run) return false;
  if (run.tail.ended) {
    if (isSettled) settle(run.folder);
    return isSettled;
  }
  if (existsSync(run.folder.cancel)) return false;
  writeFileSync(run.folder.cancel, '', { mode: 0o600 });
  return true;
}
