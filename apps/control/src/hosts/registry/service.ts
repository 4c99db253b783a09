// What operators do to hosts: make them known, edit what is said of them, rename, retire, give them a new token.
import type { CreateHost, Host, PatchHost, RotatedToken } from '@nixfleet/contract/hosts.ts';
import { Problem } from '@nixfleet/contract/problem.ts';
import type * as z from 'zod';
import { endAgentTokens, rotateAgentToken } from '../../access/agent-tokens/service.ts';
import type { Context } from '../../context.ts';
import { transact } from '../../context.ts';
import type { Tx } from '../../db/database.ts';
import { record } from '../../events/service.ts';
import { endRunsOf } from '../../runs/retirement/service.ts';
import { findTarget } from '../../targets/service.ts';
import { getHostOverview } from '../overview/service.ts';
import { edit } from '../rules.ts';
import { findHostByName, getHost, insertHost, newHost, recordHostChange, updateHost } from '../service.ts';

export async function createHost(ctx: Context, { hostname, platform, ...said }: CreateHost): Promise<Host> {
  return transact(ctx, async (tx) => {
    await mustBeFree(tx, hostname);
    const host = { ...newHost(ctx, hostname), platform: platform ?? 'nixos', edited: edit({}, said) };
    await insertHost(tx, host);
    await recordHostChange(ctx, tx, host, { online: false });
    return getHostOverview(ctx, host.id, tx);
  });
}

async function mustBeFree(tx: Tx, name: string): Promise<void> {
  if (await findHostByName(tx, name))
    throw new Problem('host_name_taken', `There is a host ${name} already`, {
      next: 'take another name, or retire it',
    });
}

export async function patchHost(ctx: Context, ref: string, patch: PatchHost): Promise<Host> {
  return transact(ctx, async (tx) => {
    const host = await getHost(tx, ref);
    const { name = host.name, targetId = host.targetId, ...said } = patch;
    if (name !== host.name) await mustBeFree(tx, name);
    if (targetId !== null && targetId !== host.targetId && !(await findTarget(tx, targetId)))
      throw new Problem('target_not_found', `There is no target ${targetId}`);
    const after = { ...host, name, targetId, edited: edit(host.edited, said) };
    await updateHost(tx, after);
    await recordHostChange(ctx, tx, after);
    return getHostOverview(ctx, host.id, tx);
  });
}

/** For good: its name is free, its tokens are void, its key is refused. What it did is kept. */
export async function retireHost(ctx: Context, ref: string): Promise<{ status: 'deleted'; host_id: string }> {
  const host = await transact(ctx, async (tx) => {
    const found = await getHost(tx, ref);
    await endRunsOf(ctx, tx, found.id, 'its host was retired');
    await updateHost(tx, { ...found, retiredAt: ctx.now() });
    await endAgentTokens(ctx, tx, found.id);
    await record(ctx, tx, { name: 'host_removed', hostId: found.id, body: { host_id: found.name } });
    return found;
  });
  ctx.tokens.forgetHost(host.id);
  ctx.presence.forget(host.id);
  return { status: 'deleted', host_id: host.name };
}

export async function rotateToken(
  ctx: Context,
  ref: string,
  how: { revoke: boolean },
): Promise<z.infer<typeof RotatedToken>> {
  const host = await getHost(ctx.db, ref);
  return { status: 'ok', host_id: host.name, agent_token: await rotateAgentToken(ctx, host.id, how) };
}
