// A tiny control plane for tests: it keeps the agent routes of the contract in memory, checks every request against its
// shape, and can be told to rotate, forget, order and misbehave.
import { createPublicKey, randomBytes, verify } from 'node:crypto';
import { AppendJournal, Checkin, Confirm, Enrol, enrolText, type Order } from '@nixfleet/contract/agent.ts';
import type { JournalEntry } from '@nixfleet/contract/journal.ts';
import { Problem } from '@nixfleet/contract/problem.ts';
import type * as z from 'zod';
import { pause } from '@nixfleet/kit/backoff.ts';
import { type Answer, type Heard, type Listener, listen } from './listen.ts';

export const BOOTSTRAP = 'bootstrap-token-of-the-tests';

type Host = { hostId: string; publicKey: string; tokens: Set<string>; offered: string | undefined };
export type CheckedInHost = z.output<typeof Checkin> & { token: string };

export type Plane = {
  readonly url: string;
  /** Every request, in order. */
  readonly heard: Heard[];
  readonly checkins: CheckedInHost[];
  /** Requests that broke the contract. */
  readonly faults: string[];
  readonly hosts: Map<string, Host>;
  readonly journals: Map<string, JournalEntry[]>;
  readonly orders: Map<string, Order>;
  readonly cancelled: Set<string>;
  order: (order: Order) => void;
  cancel: (id: string) => void;
  /** Hands every host a new token at its next check-in. */
  rotate: () => void;
  /** Takes every token's validity; hosts stay known by their keys. */
  revokeTokens: () => void;
  /** What `confirm` is answered with. */
  confirmAnswer: () => Answer;
  /** Answers instead of the routes when it gives something. */
  misbehave: ((heard: Heard) => Answer | undefined) | undefined;
  /** Goes away, connections and all, and comes back on the same port. */
  goDown: () => Promise<void>;
  comeUp: () => Promise<void>;
};

const id = (prefix: string): string => {
  const hex = randomBytes(16).toString('hex');
  return `${prefix}_${hex.slice(0, 8)}-${hex.slice(8, 12)}-7${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
};
const secret = (): string => randomBytes(24).toString('base64url');

export async function startPlane(): Promise<Plane> {
  let listener: Listener | undefined;

  const plane: Plane = {
    url: '',
    heard: [],
    checkins: [],
    faults: [],
    hosts: new Map(),
    journals: new Map(),
    orders: new Map(),
    cancelled: new Set(),
    order(order) {
      plane.orders.set(order.id, order);
      plane.journals.set(order.id, []);
    },
    cancel(run) {
      plane.cancelled.add(run);
    },
    rotate() {
      for (const host of plane.hosts.values()) host.offered = secret();
    },
    revokeTokens() {
      for (const host of plane.hosts.values()) host.tokens.clear();
    },
    confirmAnswer: () => ({ status: 204 }),
    misbehave: undefined,
    async goDown() {
      await listener?.close();
    },
    async comeUp() {
      listener = await listen(Number(new URL(plane.url).port), route);
    },
  };

  const parse = <S extends z.ZodType>(shape: S, heard: Heard): z.output<S> => {
    const result = shape.safeParse(heard.body);
    if (result.success) return result.data;
    plane.faults.push(`${heard.path}: ${result.error.message}`);
    throw new Problem('invalid', 'not the shape of the contract');
  };

  const hostOf = (heard: Heard): Host => {
    const host = [...plane.hosts.values()].find((h) => h.tokens.has(heard.token) || h.offered === heard.token);
    if (!host) throw new Problem('unauthenticated', 'Invalid API token');
    if (host.offered === heard.token) {
      host.tokens = new Set([heard.token]);
      host.offered = undefined;
    }
    return host;
  };

  const enrol = (heard: Heard): Answer => {
    if (heard.token !== BOOTSTRAP) throw new Problem('unauthenticated', 'Invalid API token');
    const e = parse(Enrol, heard);
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: e.publicKey }, format: 'jwk' });
    const text = Buffer.from(enrolText({ ...e, hostname: e.identity.hostname }));
    if (!verify(null, text, key, Buffer.from(e.signature, 'base64url')))
      throw new Problem('forbidden', 'bad signature');
    const known = plane.hosts.get(e.publicKey);
    const token = secret();
    const host = known ?? { hostId: id('host'), publicKey: e.publicKey, tokens: new Set<string>(), offered: undefined };
    host.tokens.add(token);
    plane.hosts.set(e.publicKey, host);
    return { json: { hostId: host.hostId, name: e.identity.hostname, token } };
  };

  const checkIn = async (heard: Heard): Promise<Answer> => {
    const host = hostOf(heard);
    const checkin = parse(Checkin, heard);
    plane.checkins.push({ ...checkin, token: heard.token });
    const answer = () => ({
      orders: [...plane.orders.values()].filter((o) => plane.journals.get(o.id)?.length === 0),
      cancel: [...plane.cancelled].filter((run) => !hasEnded(run)),
      settled: checkin.held.map((run) => run.id).filter(hasEnded),
      ...(host.offered === undefined ? {} : { token: host.offered }),
    });
    const says = (): boolean => Object.values(answer()).some((part) => part.length > 0);
    for (const end = performance.now() + checkin.waitMs; !says() && performance.now() < end && !heard.gone.aborted;)
      await pause(5);
    return { json: { now: 0, aFieldOfTomorrow: true, ...answer() } };
  };

  const hasEnded = (run: string): boolean => plane.journals.get(run)?.at(-1)?.kind === 'result';

  const append = (heard: Heard, run: string): Answer => {
    hostOf(heard);
    const { offset, entries } = parse(AppendJournal, heard);
    const journal = plane.journals.get(run);
    if (!journal) throw new Problem('run_not_found', 'no such run');
    if (offset > journal.length)
      throw new Problem('journal_gap', 'entries are missing', { details: { next: journal.length } });
    for (const entry of entries) {
      const stored = journal[entry.seq];
      if (stored && JSON.stringify(stored) !== JSON.stringify(entry))
        throw new Problem('journal_conflict', `entry ${entry.seq}`);
      if (!stored) journal.push(entry);
    }
    return { json: { next: journal.length, ended: hasEnded(run) } };
  };

  const route = async (heard: Heard): Promise<Answer> => {
    plane.heard.push(heard);
    const bad = plane.misbehave?.(heard);
    if (bad) return bad;
    const [, run, what] = /^\/api\/agent\/runs\/([^/]+)\/(journal|confirm)$/.exec(heard.path) ?? [];
    if (heard.path === '/api/agent/enrol') return enrol(heard);
    if (heard.path === '/api/agent/checkin') return checkIn(heard);
    if (run !== undefined && what === 'journal') return append(heard, run);
    if (run !== undefined && hostOf(heard)) return parse(Confirm, heard) && plane.confirmAnswer();
    throw new Problem('not_found', heard.path);
  };

  listener = await listen(0, route);
  return Object.assign(plane, { url: `http://127.0.0.1:${listener.port}` });
}
