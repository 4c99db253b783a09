// Runs for operators: asking for them, looking at them, cancelling them.
import * as z from 'zod';
import { RunId } from '@nixfleet/contract/names.ts';
import { CreatedRuns, CreateRuns, Run, RunPage, RunQuery } from '@nixfleet/contract/runs.ts';
import type { Routes } from '../http/app-type.ts';
import { createRuns } from './creation/service.ts';
import { cancelRun, getRun, listRunPage } from './service.ts';

const OfRun = z.object({ id: RunId });
const tags = ['runs'];

export const runRoutes: Routes = (ctx) => (app) => {
  app.post(
    '/api/runs',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'Ask hosts for a run',
        description:
          'One entry per host, in the order asked: its run, or the problem that kept it from having one. Asking for what ' +
          'already waits as the host’s newest run gives that run.',
        tags,
        body: CreateRuns,
        response: { 200: CreatedRuns },
      },
    },
    async ({ actor, body }) => createRuns(ctx, actor, body),
  );

  app.get(
    '/api/runs',
    {
      config: { access: 'operator' },
      schema: { summary: 'List runs, newest first', tags, querystring: RunQuery, response: { 200: RunPage } },
    },
    async ({ query }) => listRunPage(ctx, query),
  );

  app.get(
    '/api/runs/:id',
    { config: { access: 'operator' }, schema: { summary: 'Get a run', tags, params: OfRun, response: { 200: Run } } },
    async ({ params }) => getRun(ctx, params.id),
  );

  app.post(
    '/api/runs/:id/cancel',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'Cancel a run',
        description:
          'A run that waits ends here. One that its host has is asked of the host, which stops it if nothing has changed ' +
          'yet; `cancel_too_late` once activate has begun.',
        tags,
        params: OfRun,
        response: { 200: Run },
      },
    },
    async ({ params }) => cancelRun(ctx, params.id),
  );
};
