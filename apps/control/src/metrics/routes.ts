// GET /api/metrics: v1's snapshot of counters, for dashboards made for it.
import * as z from 'zod';
import { VERSION } from '../config.ts';
import type { Routes } from '../http/app-type.ts';

export const metricsRoutes: Routes = (ctx) => (app) => {
  app.get(
    '/api/metrics',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'Counters of this process since it started',
        tags: ['health'],
        response: {
          200: z.object({
            version: z.string(),
            build_hash: z.string().describe('the commit it was built from, 7 digits; empty when unknown'),
            metrics: z.record(z.string(), z.int()),
          }),
        },
      },
    },
    () => ({ version: VERSION, build_hash: (ctx.config.gitHash ?? '').slice(0, 7), metrics: ctx.counters.read() }),
  );
};
