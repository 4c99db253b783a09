// The configuration repositories and their recent commits.
import * as z from 'zod';
import { TargetId } from '@nixfleet/contract/names.ts';
import { CommitPage, CommitQuery, CreateTarget, Target, TargetList } from '@nixfleet/contract/targets.ts';
import type { Routes } from '../http/app-type.ts';
import { createTarget, deleteTarget, getCommits, getTargets, refreshTargets } from './service.ts';

const tags = ['targets'];
const ByRef = z.object({
  id: z.union([TargetId, CreateTarget.shape.name]).describe('the target’s id or its name'),
});

export const targetRoutes: Routes = (ctx) => (app) => {
  app.get(
    '/api/targets',
    {
      config: { access: 'operator' },
      schema: { summary: 'List targets', tags, response: { 200: TargetList } },
    },
    () => getTargets(ctx),
  );

  app.post(
    '/api/targets',
    {
      config: { access: 'operator' },
      schema: { summary: 'Make a repository known', tags, body: CreateTarget, response: { 201: Target } },
    },
    async (request, reply) => reply.code(201).send(await createTarget(ctx, request.body)),
  );

  app.delete(
    '/api/targets/:id',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'Forget a repository',
        description: 'Hosts that used it keep running what they run, and have no target until they are given one.',
        tags,
        params: ByRef,
        response: { 204: z.undefined() },
      },
    },
    async (request, reply) => {
      await deleteTarget(ctx, request.params.id);
      return reply.code(204).send();
    },
  );

  app.post(
    '/api/targets/refresh',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'Fetch all repositories now',
        description: 'Waits for them, at most 15 s; those that did not answer show what was known before.',
        tags,
        response: { 200: TargetList },
      },
    },
    // Not ended with the request: its signal fires as soon as a body is read, and the fetch is of use to others too.
    async () => refreshTargets(ctx),
  );

  app.get(
    '/api/targets/:id/commits',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'Recent commits of a target, newest first',
        tags,
        params: ByRef,
        querystring: CommitQuery,
        response: { 200: CommitPage },
      },
    },
    (request) => getCommits(ctx, request.params.id, request.query),
  );
};
