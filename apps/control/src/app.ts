// The HTTP application: what every request passes through, and the list of all routes.
import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import Fastify from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { MAX_WAIT_MS } from '@nixfleet/contract/agent.ts';
import { authenticate } from './access/authenticate.ts';
import { decorateRequests } from './access/request.ts';
import { accessRoutes } from './access/routes.ts';
import { agentRoutes } from './agents/routes.ts';
import type { Context } from './context.ts';
import { eventRoutes } from './events/routes.ts';
import { healthRoutes } from './health/routes.ts';
import { hostRoutes } from './hosts/routes.ts';
import type { App, Routes } from './http/app-type.ts';
import { answerError, registerErrors } from './http/errors.ts';
import { givenRequestId, proxyTrust } from './http/proxies.ts';
import { registerOpenApi } from './http/openapi-plugin.ts';
import { makeRouteTable, type RouteLine } from './http/route-table.ts';
import { registerLimits, registerSecurity } from './http/security.ts';
import { legacyRoutes } from './legacy/routes.ts';
import { pageRoutes } from './pages/routes.ts';
import { journalRoutes } from './runs/journal/routes.ts';
import { runRoutes } from './runs/routes.ts';
import { checkingSerializer, plainSerializer, validatorCompiler } from './http/validation.ts';
import { metricsRoutes } from './metrics/routes.ts';
import { targetRoutes } from './targets/routes.ts';

const routes: Routes[] = [
  accessRoutes,
  eventRoutes,
  healthRoutes,
  metricsRoutes,
  targetRoutes,
  agentRoutes,
  hostRoutes,
  legacyRoutes,
  runRoutes,
  journalRoutes,
  pageRoutes,
];

const BODY_LIMIT = 1024 * 1024;
/** What still runs this long after the app was asked to close is cut. */
const CLOSE_MS = 1500;

export type BuiltApp = { app: App; routeLines: RouteLine[] };

export type AppOptions = {
  /** Holds every answer against its shape. For tests. */
  checkAnswers?: boolean;
  /** Routes beside our own. For tests of what every route passes through. */
  moreRoutes?: Routes[];
};

export async function buildApp(
  ctx: Context,
  { checkAnswers = false, moreRoutes = [] }: AppOptions = {},
): Promise<BuiltApp> {
  const trusts = proxyTrust(ctx.config);
  const nextRequestId = numbered(ctx.newId('req'));
  const app: App = Fastify({
    bodyLimit: BODY_LIMIT,
    // A proxy must never reuse a connection that we are about to close, and a held check-in is no idle connection.
    keepAliveTimeout: MAX_WAIT_MS + 20_000,
    requestTimeout: 60_000,
    exposeHeadRoutes: false,
    trustProxy: (address) => trusts(address),
    genReqId: ({ socket, headers }) =>
      (trusts(socket.remoteAddress) ? givenRequestId(headers['x-request-id']) : undefined) ?? nextRequestId(),
    frameworkErrors: (error, request, reply) => void answerError(ctx, error, request, reply),
  }).withTypeProvider<ZodTypeProvider>();
  const table = makeRouteTable();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(checkAnswers ? checkingSerializer : plainSerializer);
  app.addHook('onRoute', (route) => table.add(route));
  registerErrors(app, ctx, table);
  decorateRequests(app);
  await registerSecurity(app, ctx.config);
  await app.register(cookie, { hook: false });
  await app.register(formbody);
  app.addHook('onRequest', async (request) => {
    request.caller = await authenticate(ctx, request);
  });
  await registerLimits(app, ctx);
  await registerOpenApi(app);
  closeInTime(app, ctx);
  for (const route of [...routes, ...moreRoutes])
    await app.register(async (scope) => route(ctx)(scope.withTypeProvider<ZodTypeProvider>()));
  await app.ready();
  return { app, routeLines: table.list() };
}

/** Unique among all processes by the first part; counting costs less than chance. */
function numbered(prefix: string): () => string {
  let count = 0;
  return () => `${prefix}-${(count += 1)}`;
}

/** Held polls and streams end as soon as the app is asked to close; whoever stays is cut. */
function closeInTime(app: App, ctx: Context): void {
  let idle: NodeJS.Timeout | undefined;
  let cut: NodeJS.Timeout | undefined;
  app.addHook('preClose', (done) => {
    ctx.bus.close();
    // What was held answers now, and its connection is idle only after that.
    idle = setInterval(() => app.server.closeIdleConnections(), CLOSE_MS / 50);
    cut = setTimeout(() => app.server.closeAllConnections(), CLOSE_MS);
    done();
  });
  app.addHook('onClose', (_app, done) => {
    clearInterval(idle);
    clearTimeout(cut);
    done();
  });
}
