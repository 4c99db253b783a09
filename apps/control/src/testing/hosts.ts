// Hosts as rows, for tests of what concerns every host whatever its agent does.
import { mintAgentToken } from '../access/agent-tokens/service.ts';
import { type Context, transact } from '../context.ts';

export type TestHost = { id: string; name: string };

/** A host that is known and has never called. `publicKey` makes it a native one. */
export async function insertTestHost(
  ctx: Context,
  name: string,
  { publicKey = null, targetId = null }: { publicKey?: string | null; targetId?: string | null } = {},
): Promise<TestHost> {
  const id = ctx.newId('host');
  await ctx.db
    .insertInto('hosts')
    .values({
      id,
      name,
      platform: 'nixos',
      agent_kind: publicKey === null ? 'legacy' : 'native',
      public_key: publicKey,
      protocol: null,
      agent_version: null,
      capabilities: '[]',
      attribute: null,
      repository: null,
      target_id: targetId,
      interval_ms: 30_000,
      reported: '{}',
      edited: '{}',
      last_seen_at: null,
      enrolled_at: null,
      created_at: ctx.now(),
      retired_at: null,
      instance: null,
      legacy: null,
      last_run_id: null,
    })
    .execute();
  return { id, name };
}

/** A token as enrolment gives it. */
export const mintTestToken = (ctx: Context, hostId: string): Promise<string> =>
  transact(ctx, (tx) => mintAgentToken(ctx, tx, hostId, 'enrol'));
