// The first hook of every request: who calls, by what the route's access asks for. Refuses before the body is read.
import type { FastifyRequest } from 'fastify';
import { type Access, CSRF_HEADER } from '@nixfleet/contract/access.ts';
import { HostRef } from '@nixfleet/contract/names.ts';
import { Problem } from '@nixfleet/contract/problem.ts';
import type { Context } from '../context.ts';
import { findPathHost } from './agent-tokens/store.ts';
import { verifyAgentToken } from './agent-tokens/service.ts';
import { sameText } from './crypto.ts';
import type { Caller } from './request.ts';
import { checkCsrf, findApiCaller, sessionOf } from './service.ts';

export async function authenticate(ctx: Context, request: FastifyRequest): Promise<Caller> {
  // A path without a route has no access to ask for; it is answered with not_found.
  const access: Access = request.routeOptions.config?.access ?? 'public';
  switch (access) {
    case 'public':
      return { kind: 'public' };
    case 'operator':
      return operator(ctx, request);
    case 'agent':
      return agent(ctx, request);
    case 'bootstrap':
      return bootstrap(ctx, request);
    case 'legacy':
      return legacy(ctx, request);
    default:
      throw new Error(`unknown access ${JSON.stringify(access satisfies never)}`);
  }
}

async function operator(ctx: Context, request: FastifyRequest): Promise<Caller> {
  const bearer = bearerOf(request);
  if (bearer !== undefined) {
    const token = await findApiCaller(ctx, bearer);
    if (!token) throw new Problem('unauthenticated', 'Invalid API token');
    return { kind: 'operator', actor: `token:${token.name}`, identity: token.id };
  }
  const session = await sessionOf(ctx, request);
  if (!session) throw new Problem('unauthenticated', 'Not authenticated', { next: 'Sign in, or send an API token' });
  if (request.method !== 'GET' && request.method !== 'HEAD') checkCsrf(ctx, session, request.headers[CSRF_HEADER]);
  return { kind: 'operator', actor: session.actor, identity: session.hash };
}

async function agent(ctx: Context, request: FastifyRequest): Promise<Caller> {
  const bearer = bearerOf(request) ?? '';
  const token = await verifyAgentToken(ctx, bearer);
  if (!token) throw refused(ctx);
  return { kind: 'agent', hostId: token.hostId, bearer, rotating: token.rotating };
}

/** The shared token, or the token an operator made for one host: then that host enrols, and no other. */
async function bootstrap(ctx: Context, request: FastifyRequest): Promise<Caller> {
  const bearer = bearerOf(request) ?? '';
  if (isShared(ctx, bearer)) return { kind: 'bootstrap', hostId: null, shared: true };
  const token = await verifyAgentToken(ctx, bearer);
  if (!token) throw refused(ctx);
  return { kind: 'bootstrap', hostId: token.hostId, shared: false };
}

/** A v1 agent: its own token for its own path; the shared one only for a host that never used a token of its own. */
async function legacy(ctx: Context, request: FastifyRequest): Promise<Caller> {
  const bearer = bearerOf(request) ?? '';
  const { id } = request.params as { id?: unknown };
  // An impossible name is refused by the route's own shape, after the token: strangers learn nothing.
  const name = HostRef.safeParse(id).data ?? '';
  const shared = isShared(ctx, bearer);
  const token = shared ? undefined : await verifyAgentToken(ctx, bearer);
  if (!shared && !token) throw refused(ctx);
  const host = await findPathHost(ctx.db, name);
  if (shared) {
    if (host && (host.native || host.usedOwn)) throw refused(ctx);
    return { kind: 'legacy', hostId: host?.id ?? null, name, shared, bearer, rotating: false };
  }
  if (!host || host.id !== token?.hostId) throw refused(ctx);
  return { kind: 'legacy', hostId: host.id, name, shared, bearer, rotating: token.rotating };
}

const isShared = (ctx: Context, bearer: string): boolean =>
  ctx.secrets.bootstrap !== null && sameText(bearer, ctx.secrets.bootstrap);

/** Missing and wrong are the same, and never 403: agents of v1 know only this. */
function refused(ctx: Context): Problem {
  ctx.counters.add('agent_auth_failures');
  return new Problem('unauthenticated', 'Invalid API token');
}

function bearerOf(request: FastifyRequest): string | undefined {
  const { authorization } = request.headers;
  if (authorization === undefined) return undefined;
  return /^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? '';
}
