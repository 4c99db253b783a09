// Who calls: set on every request before its handler runs (access/authenticate.ts), read by the handlers.
//
//   access      caller.kind   what the handler reads
//   public      public        nothing
//   operator    operator      request.actor       "admin", or "token:<name>" for an API token
//   agent       agent         request.agentHostId the host whose token was used
//   bootstrap   bootstrap     request.caller.hostId  null for the shared token; a host's id when its own token was used
//   legacy      legacy        request.caller.hostId  null when the path names no host we know yet (shared token only)
//
// `actor` and `agentHostId` throw where the route's access does not give them: that is a bug in the route.
import type { FastifyRequest } from 'fastify';
import type { App } from '../http/app-type.ts';

export type Caller =
  | { kind: 'public' }
  | { kind: 'operator'; actor: string; identity: string }
  | { kind: 'agent'; hostId: string; bearer: string; rotating: boolean }
  | { kind: 'bootstrap'; hostId: string | null; shared: boolean }
  | { kind: 'legacy'; hostId: string | null; name: string; shared: boolean; bearer: string; rotating: boolean };

export type CallerOf<K extends Caller['kind']> = Extract<Caller, { kind: K }>;

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller;
    readonly actor: string;
    readonly agentHostId: string;
  }
}

export function decorateRequests(app: App): void {
  // Set by the first hook of every request; a default would be shared between them.
  app.decorateRequest('caller');
  app.decorateRequest('actor', {
    getter(this: FastifyRequest) {
      return callerOf(this, 'operator').actor;
    },
  });
  app.decorateRequest('agentHostId', {
    getter(this: FastifyRequest) {
      return callerOf(this, 'agent').hostId;
    },
  });
}

/** The caller, of the kind that the route's access promises. */
export function callerOf<K extends Caller['kind']>(request: FastifyRequest, kind: K): CallerOf<K> {
  const { caller } = request;
  if (caller.kind !== kind)
    throw new Error(`${request.routeOptions.url}: a ${caller.kind} caller where ${kind} was expected`);
  // The comparison above says so; TypeScript does not narrow a generic.
  return caller as CallerOf<K>;
}

/** Whom a rate limit counts: a session, an API token, a host; an address only where there is nothing else. */
export function identityOf(request: FastifyRequest): string {
  const { caller } = request;
  switch (caller.kind) {
    case 'operator':
      return caller.identity;
    case 'agent':
      return caller.hostId;
    case 'legacy':
      return `legacy:${caller.name}`;
    case 'bootstrap':
    case 'public':
      return `address:${request.ip}`;
    default:
      throw new Error(`unknown caller ${JSON.stringify(caller satisfies never)}`);
  }
}
