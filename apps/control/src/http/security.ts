// Security headers on every answer (helmet), and limits on how often one identity may call. Identities, not addresses:
// two hundred hosts behind one address are two hundred callers.
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import type { FastifyRequest } from 'fastify';
import type { Access } from '@nixfleet/contract/access.ts';
import { Problem } from '@nixfleet/contract/problem.ts';
import { identityOf } from '../access/request.ts';
import type { ControlConfig } from '../config.ts';
import type { Context } from '../context.ts';
import type { App } from './app-type.ts';

const YEAR = 31_536_000;
const none = ["'none'"];
const self = ["'self'"];

/** Requests a minute by one identity. `public` and `bootstrap` have none but their address. */
const perMinute: Record<Access, number> = { public: 600, operator: 1200, agent: 3000, bootstrap: 300, legacy: 240 };

/** For `config.rateLimit` of a route that is stricter than its access. */
export const atMost = (max: number): { max: number; timeWindow: number } => ({ max, timeWindow: 60_000 });

export async function registerSecurity(app: App, config: ControlConfig): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': self,
        'script-src': self,
        'style-src': self,
        'img-src': [...self, 'data:'],
        'connect-src': self,
        'font-src': self,
        'object-src': none,
        'base-uri': none,
        'frame-ancestors': none,
        'form-action': self,
      },
    },
    strictTransportSecurity: config.devMode ? false : { maxAge: YEAR, includeSubDomains: true },
    xFrameOptions: { action: 'deny' },
    referrerPolicy: { policy: 'strict-origin-when-cross-origin' },
  });
}

export async function registerLimits(app: App, ctx: Context): Promise<void> {
  await app.register(rateLimit, {
    timeWindow: 60_000,
    cache: 50_000,
    max: (request: FastifyRequest) => perMinute[request.routeOptions.config.access],
    keyGenerator: (request: FastifyRequest) => identityOf(request),
    errorResponseBuilder: (_request, { ttl }) => tooOften(ctx, ttl),
  });
}

export function tooOften(ctx: Context, ttlMs: number): Problem {
  ctx.counters.add('rate_limit_exceeded');
  const title = `Too many requests; try again in ${Math.ceil(ttlMs / 1000)} s`;
  return new Problem('rate_limited', title, { details: { retryAfterMs: ttlMs } });
}
