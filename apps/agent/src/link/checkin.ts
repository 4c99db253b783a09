// One check-in: says what changed, is held while there is nothing to hear, and brings back what to do. Reads the answer
// field by field, so that one order this agent cannot understand never hides the others.
import { type Checkin, type HeldRun, type Identity, Order, PROTOCOL } from '@nixfleet/contract/agent.ts';
import type { ReportedFacts } from '@nixfleet/contract/facts.ts';
import { RunId } from '@nixfleet/contract/names.ts';
import { issuesOf, Problem } from '@nixfleet/contract/problem.ts';
import * as z from 'zod';
import type { Link } from './context.ts';
import { isToken } from './token.ts';

/** What the answer may take on top of the hold. */
const GRACE_MS = 15_000;
const MAX_HELD = 100;

const Envelope = z.object({
  orders: z.array(z.unknown()).catch([]),
  cancel: z.array(z.unknown()).catch([]),
  settled: z.array(z.unknown()).catch([]),
  token: z.string().refine(isToken).optional().catch(undefined),
  wantIdentity: z.boolean().optional().catch(undefined),
});

export type Answer = {
  orders: Order[];
  cancel: string[];
  settled: string[];
  token: string | undefined;
  wantIdentity: boolean;
};

export type Saying = {
  instance: string;
  waitMs: number;
  identity?: Identity;
  facts: ReportedFacts;
  held: z.input<typeof HeldRun>[];
};

export async function checkIn(link: Link, token: string, saying: Saying, signal: AbortSignal): Promise<Answer> {
  const body: Checkin = { protocol: PROTOCOL, ...saying, held: saying.held.slice(0, MAX_HELD) };
  const deadlineMs = saying.waitMs + GRACE_MS;
  return readAnswer(link, await link.call({ path: '/api/agent/checkin', body, token, deadlineMs, signal }));
}

function readAnswer(link: Link, json: unknown): Answer {
  const envelope = Envelope.safeParse(json);
  if (!envelope.success) throw new Problem('unavailable', 'the answer to the check-in is not one of a control plane');
  const { orders, cancel, settled, token, wantIdentity } = envelope.data;
  return {
    orders: orders.flatMap((order) => readOrder(link, order)),
    cancel: cancel.flatMap(readRunId),
    settled: settled.flatMap(readRunId),
    token,
    wantIdentity: wantIdentity === true,
  };
}

function readOrder(link: Link, json: unknown): Order[] {
  const order = Order.safeParse(json);
  if (order.success) return [order.data];
  link.log.warn({ issues: issuesOf(order.error).slice(0, 10) }, 'an order is not understood and is left alone');
  return [];
}

const readRunId = (json: unknown): string[] => RunId.array().catch([]).parse([json]);
