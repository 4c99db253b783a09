// A host for tests of the control plane: a key, a token and the requests an agent sends, over the real routes.
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import {
  AppendedJournal,
  CheckedIn,
  type Checkin,
  Enrolled,
  enrolText,
  type Identity,
  PROTOCOL,
} from '@nixfleet/contract/agent.ts';
import type { EntryBody, JournalEntry, Outcome } from '@nixfleet/contract/journal.ts';
import { Verb } from '@nixfleet/contract/verbs.ts';
import type * as z from 'zod';
import type { Answer, Client } from '../../testing/client.ts';
import { BOOTSTRAP_TOKEN, type World } from '../../testing/world.ts';

export const sampleClosure = (n: number): string => `/nix/store/${String(n).padStart(32, '0')}-nixos-system-sample`;

export const sampleCommit = (n: number): string => n.toString(16).padStart(40, '0');

export const identityOf = (hostname: string, change: Partial<Identity> = {}): Identity => ({
  hostname,
  platform: 'nixos',
  attribute: `nixosConfigurations.${hostname}.config.system.build.toplevel`,
  repository: null,
  agentVersion: '1.0.0',
  capabilities: [...Verb.options],
  intervalMs: 30_000,
  metadata: {},
  ...change,
});

export type HostKey = { privateKey: KeyObject; publicKey: string };

export function makeKey(): HostKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { privateKey, publicKey: publicKey.export({ format: 'jwk' }).x ?? '' };
}

/** The body of an enrolment, signed as the agent does. */
export function signedEnrolment(key: HostKey, identity: Identity, nonce = randomBytes(24).toString('base64url')) {
  const text = enrolText({ publicKey: key.publicKey, nonce, hostname: identity.hostname });
  const signature = sign(null, Buffer.from(text), key.privateKey).toString('base64url');
  return { protocol: PROTOCOL, publicKey: key.publicKey, signature, nonce, identity };
}

export type TestHost = {
  id: string;
  name: string;
  token: string;
  key: HostKey;
  client: Client;
  checkIn(says?: Partial<z.input<typeof Checkin>>): Promise<CheckedIn>;
  /** Numbers and stamps the bodies, from `offset` on. */
  append(runId: string, offset: number, bodies: EntryBody[]): Promise<AppendedJournal>;
  send(runId: string, offset: number, entries: JournalEntry[]): Promise<Answer>;
};

export async function enrolHost(world: World, name: string, change: Partial<Identity> = {}): Promise<TestHost> {
  const key = makeKey();
  const answer = await world
    .bearer(BOOTSTRAP_TOKEN)
    .post('/api/agent/enrol', signedEnrolment(key, identityOf(name, change)));
  const { hostId, name: called, token } = answer.json(Enrolled);
  return hostWith(world, { id: hostId, name: called, token, key });
}

export function hostWith(world: World, who: Pick<TestHost, 'id' | 'name' | 'token' | 'key'>): TestHost {
  const client = world.bearer(who.token);
  const host: TestHost = {
    ...who,
    client,
    async checkIn(says = {}) {
      const answer = await client.post('/api/agent/checkin', {
        protocol: PROTOCOL,
        instance: 'one',
        waitMs: 0,
        ...says,
      });
      if (answer.status !== 200) throw new Error(answer.text);
      return answer.json(CheckedIn);
    },
    async append(runId, offset, bodies) {
      const answer = await host.send(runId, offset, numbered(offset, bodies, world.clock.now));
      if (answer.status !== 200) throw new Error(answer.text);
      return answer.json(AppendedJournal);
    },
    send: (runId, offset, entries) => client.post(`/api/agent/runs/${runId}/journal`, { offset, entries }),
  };
  return host;
}

export const numbered = (offset: number, bodies: readonly EntryBody[], at: number): JournalEntry[] =>
  bodies.map((body, i) => ({ seq: offset + i, at, ...body }));

export const started: EntryBody = { kind: 'started', executor: 'detached', pid: 1 };

export const ended = (outcome: Outcome, reason: string = outcome): EntryBody => ({
  kind: 'result',
  outcome,
  reason,
  phase: null,
  running: null,
  generation: null,
  tests: null,
});
