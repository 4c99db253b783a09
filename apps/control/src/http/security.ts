// Security headers on every answer (helmet), and limits on how often one identity may call. Identities, not addresses:
// two hundred hosts behind one address are two hundred callers.
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
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

/** Enrolments a minute, of all addresses together. */
const ENROLMENTS = 1200;

/** For a route that is stricter than its access. */
export const atMost = (max: number): { max: number; timeWindow: number } => ({ max, timeWindow: 60_000 });

/**
 * Helmet is asked once, at start: its headers are the same for every answer. They are written when an answer is sent, so
 * that thousands of held requests do not hold them.
 */
export async function registerSecurity(app: App, config: ControlConfig): Promise<void> {
  const headers = await helmetHeaders(config);
  app.decorate('securityHeaders', headers);
  app.addHook('onSend', (request, reply, _payload, done) => {
    reply.headers(headers).header('x-request-id', request.id);
    done();
  });
}

async function helmetHeaders(config: ControlConfig): Promise<Record<string, string>> {
  const asked = Fastify();
  await asked.register(helmet, {
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
  asked.get('/', () => '');
  const { headers } = await asked.inject('/');
  await asked.close();
  const ofFastify = ['content-type', 'content-length', 'date', 'connection'];
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      ofFastify.includes(name) || value === undefined ? [] : [[name, String(value)]],
    ),
  );
}

declare module 'fastify' {
  interface FastifyInstance {
    /** For answers that are written past Fastify, such as streams. */
    securityHeaders: Record<string, string>;
  }
}

export async function registerLimits(app: App, ctx: Context): Promise<void> {
  await app.register(rateLimit, {
    timeWindow: 60_000,
    cache: 50_000,
    addHeadersOnExceeding: { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false },
    max: (request: FastifyRequest) => perMinute[request.routeOptions.config.access],
    keyGenerator: (request: FastifyRequest) => identityOf(request),
    errorResponseBuilder: (_request, { ttl }) => tooOften(ctx, ttl),
  });
  const enrolments = everywhere(ctx, app, 'enrolments', ENROLMENTS);
  app.addHook('onRoute', (route) => {
    if (route.config?.access !== 'bootstrap') return;
    route.preParsing = [...[route.preParsing ?? []].flat(), enrolments];
  });
}

/** A limit over all callers together, counted after each one's own, so that nobody can use it up alone. */
export function everywhere(ctx: Context, app: App, key: string, max: number) {
  const check = app.createRateLimit({ ...atMost(max), keyGenerator: () => key });
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const result = await check(request);
    if (result.isAllowed || !result.isExceeded) return;
    reply.header('retry-after', result.ttlInSeconds);
    throw tooOften(ctx, result.ttl);
  };
}

function tooOften(ctx: Context, ttlMs: number): Problem {
  ctx.counters.add('rate_limit_exceeded');
  const title = `Too many requests; try again in ${Math.ceil(ttlMs / 1000)} s`;
  return new Problem('rate_limited', title, { details: { retryAfterMs: ttlMs } });
}
