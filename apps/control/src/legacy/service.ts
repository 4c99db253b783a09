// The v1 agent's requests. What it says of itself is kept as claims; no state is taken from a heartbeat, and nothing is
// ever stored as pending: a command is a run.
import type {
  LegacyPolled,
  LegacyRegister,
  LegacyRegistered,
  LegacyStatus,
  LegacyTestProgress,
} from '@nixfleet/contract/legacy.ts';
import { LegacyCommand } from '@nixfleet/contract/legacy.ts';
import { HostName } from '@nixfleet/contract/names.ts';
import { Problem } from '@nixfleet/contract/problem.ts';
import type * as z from 'zod';
import { pendingToken } from '../access/agent-tokens/service.ts';
import type { Context } from '../context.ts';
import { transact } from '../context.ts';
import type { Tx } from '../db/database.ts';
import { record } from '../events/service.ts';
import { heard } from '../hosts/heartbeats/service.ts';
import {
  findHostById,
  type HostRecord,
  insertHost,
  type LegacyClaim,
  newHost,
  recordHostChange,
  storeFacts,
  updateHost,
} from '../hosts/service.ts';
import { defaultTarget } from '../targets/service.ts';
import { commentOf, deployedBy, metricsOf } from './rules.ts';
import { nextCommand, takeProgress, takeStatus } from './turn/service.ts';

export type LegacyCaller = {
  kind: 'legacy';
  hostId: string | null;
  name: string;
  shared: boolean;
  bearer: string;
  rotating: boolean;
};

export async function register(
  ctx: Context,
  caller: LegacyCaller,
  says: LegacyRegister,
): Promise<z.infer<typeof LegacyRegistered>> {
  const { host, command } = await transact(ctx, async (tx) => {
    const known = await place(ctx, tx, caller);
    const told = { ...known, ...claimed(known, says) };
    await updateHost(tx, told);
    await storeFacts(ctx, tx, told.id, factsOf(says));
    const given = await nextCommand(ctx, tx, told.id);
    await recordHostChange(ctx, tx, told, { body: { metrics: says.metrics ?? null, pending_command: given } });
    return { host: told, command: given };
  });
  seen(ctx, host);
  const token = await pendingToken(ctx, caller, host.id);
  return { status: 'registered', host_id: host.name, command, ...(token === undefined ? {} : { agent_token: token }) };
}

export async function poll(ctx: Context, caller: LegacyCaller): Promise<z.infer<typeof LegacyPolled>> {
  const { host, command } = await transact(ctx, async (tx) => {
    const known = await place(ctx, tx, caller);
    return { host: known, command: await nextCommand(ctx, tx, known.id) };
  });
  seen(ctx, host);
  const token = await pendingToken(ctx, caller, host.id);
  return { command, ...(token === undefined ? {} : { agent_token: token }) };
}

export async function takeStatusPost(ctx: Context, caller: LegacyCaller, said: LegacyStatus): Promise<void> {
  const host = await transact(ctx, async (tx) => {
    const known = await getKnown(tx, caller);
    const run = await takeStatus(ctx, tx, known.id, said);
    const claim = known.legacy ?? nothing;
    const comment = commentOf(said);
    const after: HostRecord = {
      ...known,
      reported: comment === undefined ? known.reported : { ...known.reported, comment },
      legacy: {
        ...claim,
        generation: said.current_generation ?? claim.generation,
        testStatus: said.test_status ?? claim.testStatus,
        tests: claim.tests && { ...claim.tests, running: false },
        deployed: (run && deployedBy(run.verb, said)) ?? claim.deployed,
      },
    };
    await updateHost(tx, after);
    await recordHostChange(ctx, tx, after, {
      body: { status: said.status, pending_command: null, test_running: false },
    });
    return after;
  });
  seen(ctx, host);
}

export async function takeTestProgress(ctx: Context, caller: LegacyCaller, said: LegacyTestProgress): Promise<void> {
  const { current, total, passed, running } = said;
  const host = await transact(ctx, async (tx) => {
    const known = await getKnown(tx, caller);
    await takeProgress(ctx, tx, known.id, said);
    const claim = known.legacy ?? nothing;
    const result = running ? null : `${passed}/${total} passed`;
    const audited = running ? {} : { lastAudit: new Date(ctx.now()).toISOString().slice(0, 19) };
    const commented = said.comment == null || running ? {} : { comment: said.comment };
    const after: HostRecord = {
      ...known,
      reported: { ...known.reported, ...audited, ...commented },
      legacy: {
        ...claim,
        testStatus: result ?? claim.testStatus,
        tests: { running, current, total, passed, result: said.result ?? result },
      },
    };
    await updateHost(tx, after);
    await record(ctx, tx, { name: 'host_changed', hostId: known.id });
    await record(ctx, tx, {
      name: 'test_progress',
      hostId: known.id,
      body: {
        host_id: known.name,
        test_running: running,
        test_current: current,
        test_total: total,
        test_passed_count: passed,
        test_result: said.result ?? null,
        online: true,
      },
    });
    return after;
  });
  seen(ctx, host);
}

function seen(ctx: Context, host: HostRecord): void {
  heard(ctx, host.id);
  ctx.presence.of(host.id).intervalMs = host.intervalMs;
}

const nothing: LegacyClaim = { generation: null, configRepo: null, testStatus: null, tests: null, deployed: null };

/** The caller's host; a name that nobody has becomes one. */
async function place(ctx: Context, tx: Tx, caller: LegacyCaller): Promise<HostRecord> {
  const known = await findCallers(tx, caller);
  const now = ctx.now();
  if (known)
    return {
      ...known,
      agentKind: 'legacy',
      capabilities: [...LegacyCommand.options],
      legacy: known.legacy ?? nothing,
      enrolledAt: known.enrolledAt ?? now,
    };
  const name = HostName.safeParse(caller.name);
  if (!name.success) throw new Problem('host_not_found', `There is no host ${caller.name}`);
  const made: HostRecord = {
    ...newHost(ctx, name.data),
    agentKind: 'legacy',
    capabilities: [...LegacyCommand.options],
    targetId: (await defaultTarget(tx, null))?.id ?? null,
    legacy: nothing,
    enrolledAt: now,
  };
  await insertHost(tx, made);
  return made;
}

/** A host with a key has an agent of today; its token opens nothing here. */
async function findCallers(tx: Tx, { hostId }: LegacyCaller): Promise<HostRecord | undefined> {
  const host = hostId === null ? undefined : await findHostById(tx, hostId);
  if (host && (host.publicKey !== null || host.retiredAt !== null))
    throw new Problem('unauthenticated', 'Invalid API token');
  return host;
}

async function getKnown(tx: Tx, caller: LegacyCaller): Promise<HostRecord> {
  const host = await findCallers(tx, caller);
  if (!host) throw new Problem('host_not_found', `There is no host ${caller.name}`, { next: 'register first' });
  return host;
}

/** v1: null leaves a field; comment, criticality and icon only count when the host is new. */
function claimed(host: HostRecord, says: LegacyRegister): Partial<HostRecord> {
  const isNew = host.agentVersion === null && host.lastSeenAt === null;
  const first = { comment: says.comment, criticality: says.criticality, icon: says.icon };
  const always = { location: says.location, deviceType: says.device_type, themeColor: says.theme_color };
  const given = Object.entries({ ...always, ...(isNew ? first : {}) }).filter(([, value]) => value != null);
  const claim = host.legacy ?? nothing;
  return {
    platform: says.host_type,
    agentVersion: says.agent_version ?? host.agentVersion,
    intervalMs: says.poll_interval == null ? host.intervalMs : says.poll_interval * 1000,
    reported: { ...host.reported, ...Object.fromEntries(given) },
    legacy: {
      ...claim,
      generation: says.current_generation ?? claim.generation,
      configRepo: says.config_repo ?? claim.configRepo,
      testStatus: says.test_status ?? claim.testStatus,
    },
  };
}

const unsaid = { kernel: null, bootId: null, running: null, booted: null, profile: null, generation: null };

function factsOf(says: LegacyRegister) {
  const { os_name, os_version, nixpkgs_version } = says;
  const metrics = metricsOf(says.metrics);
  const system = {
    ...unsaid,
    osName: os_name ?? (says.host_type === 'nixos' ? 'NixOS' : says.host_type),
    osVersion: os_version ?? '',
    nixpkgs: nixpkgs_version ?? null,
    commit: null,
    rebootNeeded: null,
    generations: [],
  };
  return {
    ...(metrics ? { metrics: { ageMs: 0, value: metrics } } : {}),
    ...(os_name == null && os_version == null ? {} : { system: { ageMs: 0, value: system } }),
  };
}
