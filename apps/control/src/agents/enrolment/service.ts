// Enrolment: a key made on the host and a token from an operator are exchanged for the host's own token. The key is who
// the host is: the same key gets the same host back, and no other key gets its name.
import { createPublicKey, verify } from 'node:crypto';
import { type Enrol, type Enrolled, enrolText } from '@nixfleet/contract/agent.ts';
import { Problem } from '@nixfleet/contract/problem.ts';
import { mintAgentToken } from '../../access/agent-tokens/service.ts';
import type { Context } from '../../context.ts';
import { transact } from '../../context.ts';
import type { Tx } from '../../db/database.ts';
import {
  findHostById,
  findHostByKey,
  findHostByName,
  type HostRecord,
  insertHost,
  newHost,
  recordHostChange,
  updateHost,
} from '../../hosts/service.ts';
import { endRunsOf } from '../../runs/retirement/service.ts';
import { defaultTarget } from '../../targets/service.ts';
import { checkProtocol, identified } from '../rules.ts';
import { takeNonce } from '../store.ts';

/** `only`: the one host that the bearer's token was made for; null for the shared token. */
export async function enrol(ctx: Context, only: string | null, request: Enrol): Promise<Enrolled> {
  checkProtocol(request.protocol);
  checkSignature(request);
  const enrolled = await transact(ctx, async (tx) => {
    if (!(await takeNonce(tx, request.nonce, ctx.now())))
      throw new Problem('bad_request', 'This enrolment was sent before', { next: 'sign a new nonce' });
    const host = await claim(ctx, tx, only, request);
    const token = await mintAgentToken(ctx, tx, host.id, 'enrol');
    await recordHostChange(ctx, tx, host, { online: true });
    return { hostId: host.id, name: host.name, token };
  });
  ctx.tokens.forgetHost(enrolled.hostId);
  return enrolled;
}

function checkSignature({ publicKey, nonce, signature, identity: { hostname } }: Enrol): void {
  const text = Buffer.from(enrolText({ publicKey, nonce, hostname }));
  try {
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: publicKey }, format: 'jwk' });
    if (verify(null, text, key, Buffer.from(signature, 'base64url'))) return;
  } catch (cause) {
    throw new Problem('host_key_mismatch', 'The public key is not an Ed25519 key', { cause });
  }
  throw new Problem('host_key_mismatch', 'The signature is not one of this key over this enrolment');
}

/** The row that this key has from now on. */
async function claim(ctx: Context, tx: Tx, only: string | null, request: Enrol): Promise<HostRecord> {
  const { publicKey, protocol, identity } = request;
  const says = { ...identified(protocol, identity), publicKey };
  const target = await defaultTarget(tx, identity.repository);
  const mine = await findHostByKey(tx, publicKey);
  if (mine) {
    if (mine.retiredAt !== null)
      throw new Problem('host_retired', `${mine.name} was retired`, {
        next: 'remove the agent’s key.pem to enrol as a new host',
      });
    if (only !== null && only !== mine.id) throw forAnother();
    const again = {
      ...mine,
      ...says,
      targetId: mine.targetId ?? target?.id ?? null,
      enrolledAt: mine.enrolledAt ?? ctx.now(),
    };
    await updateHost(tx, again);
    return again;
  }
  const place = only === null ? await findHostByName(tx, identity.hostname) : await findHostById(tx, only);
  if (!place) {
    const made = { ...newHost(ctx, identity.hostname), ...says, targetId: target?.id ?? null, enrolledAt: ctx.now() };
    await insertHost(tx, made);
    return made;
  }
  if (place.publicKey !== null) {
    if (only !== null) throw forAnother();
    throw new Problem('host_name_taken', `Another machine is enrolled as ${place.name}`, {
      next: `give this one another name, or retire ${place.name} first`,
    });
  }
  if (place.agentKind === 'legacy') await endRunsOf(ctx, tx, place.id, 'its host got a new agent');
  const targetId = place.targetId ?? target?.id ?? null;
  const taken = { ...place, ...says, targetId, enrolledAt: ctx.now(), legacy: null };
  await updateHost(tx, taken);
  return taken;
}

const forAnother = (): Problem =>
  new Problem('host_key_mismatch', 'This token was made for another host', { next: 'use that host’s own token' });
