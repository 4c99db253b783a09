// The agent protocol: enrol, check in, append to a journal, confirm. One integer names its version.
//
// Protocol changelog
//   1  2026-11-20  enrol, checkin, journal, confirm. A check-in without `instance` is taken as one from before instances.
//   2  2026-11-20  checkin carries `instance`, so that `restart` is observed; orders carry `issuedAt`.
import * as z from 'zod';
import { JournalEntry } from './journal.ts';
import { Attribute, HostId, HostName, Millis, RunId, StorePath } from './names.ts';
import { Metadata } from './hosts.ts';
import { ReportedFacts } from './facts.ts';
import { RunArgs, RunTarget } from './runs.ts';
import { Platform, Verb } from './verbs.ts';

export const PROTOCOL = 2;
/** The oldest protocol the control plane still speaks. */
export const OLDEST_PROTOCOL = 1;
/** The longest hold of a check-in; proxies cut at 60 s. */
export const MAX_WAIT_MS = 55_000;
/** Entries per journal request; the request stays below 1 MiB. */
export const MAX_ENTRIES = 500;
export const MAX_JOURNAL_BODY = 4 * 1024 * 1024;

const Protocol = z.int().min(1).max(1_000_000);

/** Who the host says it is, besides its key. Sent with enrolment and with the first check-in of an agent process. */
export const Identity = z.object({
  hostname: HostName,
  platform: Platform,
  attribute: Attribute,
  /** The repository URL in the agent’s own configuration, to match a target; null: any. */
  repository: z.string().max(1000).nullable(),
  agentVersion: z.string().max(64),
  capabilities: z.array(z.string().max(40)).max(64),
  intervalMs: z.int().min(1000).max(3_600_000),
  metadata: Metadata.partial(),
});
export type Identity = z.infer<typeof Identity>;

/**
 * Bearer: the bootstrap token. `signature` is Ed25519 over `enrolText(…)` by the host's own key, so that a name or a token
 * cannot be taken over by another machine. The same key always gets the same host back.
 */
export const Enrol = z.object({
  protocol: Protocol,
  publicKey: z.string().regex(/^[A-Za-z0-9_-]{43}$/, { message: 'expected a raw Ed25519 public key, base64url' }),
  signature: z.string().regex(/^[A-Za-z0-9_-]{86}$/, { message: 'expected an Ed25519 signature, base64url' }),
  nonce: z.string().regex(/^[A-Za-z0-9_-]{22,64}$/),
  identity: Identity,
});
export type Enrol = z.infer<typeof Enrol>;

/** What an enrolment signs; a purpose line first, so that it can be taken for nothing else. */
export const enrolText = (e: { publicKey: string; nonce: string; hostname: string }): string =>
  `nixfleet enrol 1\n${e.publicKey}\n${e.nonce}\n${e.hostname}\n`;

export const Enrolled = z.object({ hostId: HostId, name: HostName, token: z.string() });
export type Enrolled = z.infer<typeof Enrolled>;

/** A run that the host holds and whose result the control plane has not acknowledged. `next`: entries the host has. */
export const HeldRun = z.object({ id: RunId, next: z.int().min(0) });

export const Checkin = z.object({
  protocol: Protocol,
  /** This agent process, new at every start. */
  instance: z.string().max(64).optional(),
  /** How long the answer may be held when there is nothing to say, milliseconds. */
  waitMs: z.int().min(0).max(MAX_WAIT_MS).default(0),
  identity: Identity.optional(),
  facts: ReportedFacts.optional(),
  held: z.array(HeldRun).max(100).default([]),
});
export type Checkin = z.infer<typeof Checkin>;

/** A run handed over. Executed at most once, by its id; handed over again until its journal begins. */
export const Order = z.object({
  id: RunId,
  verb: Verb,
  args: RunArgs,
  target: RunTarget.nullable(),
  /** Milliseconds from its start, by the host's monotonic clock. */
  hardMs: z.int().min(1000),
  confirmMs: z.int().min(1000),
  issuedAt: Millis.optional(),
});
export type Order = z.infer<typeof Order>;

export const CheckedIn = z.object({
  now: Millis.describe('the control plane’s clock'),
  orders: z.array(Order),
  /** Runs to stop if nothing has changed yet. */
  cancel: z.array(RunId),
  /** Held runs whose result is stored, or that are unknown here: the host may put them away. */
  settled: z.array(RunId),
  /** The host’s next token, while a rotation waits to be taken up. */
  token: z.string().optional(),
  /** The control plane lost or never had the host’s identity: send it with the next check-in. */
  wantIdentity: z.boolean().optional(),
});
export type CheckedIn = z.infer<typeof CheckedIn>;

/** Entries `offset`, `offset`+1, …; those already stored are compared, not stored again. */
export const AppendJournal = z.object({ offset: z.int().min(0), entries: z.array(JournalEntry).max(MAX_ENTRIES) });
export type AppendJournal = z.infer<typeof AppendJournal>;

/** `next` is the seq to send from now on. `ended`: the result is stored. */
export const AppendedJournal = z.object({ next: z.int().min(0), ended: z.boolean() });
export type AppendedJournal = z.infer<typeof AppendedJournal>;

/** 204 when the run is live here; 410 `confirm_refused` makes the host go back at once. */
export const Confirm = z.object({ running: StorePath });
export type Confirm = z.infer<typeof Confirm>;
