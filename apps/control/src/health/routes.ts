// What supervisors, scripts and developers ask the control plane about itself.
import * as z from 'zod';
import { Health, ReconcilerList } from '@nixfleet/contract/health.ts';
import { VERSION } from '../config.ts';
import type { Routes } from '../http/app-type.ts';
import { makeProbe } from './service.ts';

export const healthRoutes: Routes = (ctx) => (app) => {
  const isHealthy = makeProbe(ctx);

  app.get(
    '/health',
    {
      config: { access: 'public' },
      schema: {
        summary: 'Whether agents can be served',
        description: 'Walks the path of a check-in: token, queue, wake-up, outbox. The answer may be 5 s old.',
        tags: ['health'],
        response: { 200: Health, 503: Health },
      },
    },
    async (_request, reply) => {
      if (await isHealthy()) return { status: 'healthy' as const, version: VERSION };
      return reply.code(503).send({ status: 'unhealthy', version: VERSION });
    },
  );

  app.get(
    '/api/reconcilers',
    {
      config: { access: 'operator' },
      schema: { summary: 'Background work and its last outcomes', tags: ['health'], response: { 200: ReconcilerList } },
    },
    () => ({
      reconcilers: ctx.reconcilers.map(({ name, everyMs, runs, last }) => ({
        name,
        everyMs,
        runs,
        startedAt: last?.startedAt ?? null,
        endedAt: last?.endedAt ?? null,
        error: last?.error ?? null,
      })),
    }),
  );

  app.get(
    '/api/openapi.json',
    {
      config: { access: 'public' },
      schema: {
        summary: 'This description',
        tags: ['health'],
        response: { 200: z.looseObject({ openapi: z.string() }) },
      },
    },
    () => app.swagger() as { openapi: string },
  );
};
