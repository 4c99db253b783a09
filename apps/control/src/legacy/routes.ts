// The routes of v0.4.0 agents, word for word.
import * as z from 'zod';
import {
  LegacyPolled,
  LegacyRegister,
  LegacyRegistered,
  LegacyStatus,
  LegacyTestProgress,
  LegacyUpdated,
} from '@nixfleet/contract/legacy.ts';
import { HostRef } from '@nixfleet/contract/names.ts';
import type { FastifyRequest } from 'fastify';
import type { Routes } from '../http/app-type.ts';
import { type LegacyCaller, poll, register, takeStatusPost, takeTestProgress } from './service.ts';

const OfHost = z.object({ id: HostRef });
const tags = ['v1 agents'];
const updated = { status: 'updated' as const };

function callerOf({ caller }: Pick<FastifyRequest, 'caller'>): LegacyCaller {
  if (caller.kind !== 'legacy') throw new Error('access `legacy` gives a v1 agent');
  return caller;
}

export const legacyRoutes: Routes = (ctx) => (app) => {
  app.post(
    '/api/hosts/:id/register',
    {
      config: { access: 'legacy' },
      schema: {
        summary: 'Register, heartbeat and fetch a command (v1)',
        tags,
        params: OfHost,
        body: LegacyRegister,
        response: { 200: LegacyRegistered },
      },
    },
    async (request) => register(ctx, callerOf(request), request.body),
  );

  app.get(
    '/api/hosts/:id/poll',
    {
      config: { access: 'legacy' },
      schema: { summary: 'Fetch a command (v1)', tags, params: OfHost, response: { 200: LegacyPolled } },
    },
    async (request) => poll(ctx, callerOf(request)),
  );

  app.post(
    '/api/hosts/:id/status',
    {
      config: { access: 'legacy' },
      schema: {
        summary: 'Report the end of a command (v1)',
        tags,
        params: OfHost,
        body: LegacyStatus,
        response: { 200: LegacyUpdated },
      },
    },
    async (request) => {
      await takeStatusPost(ctx, callerOf(request), request.body);
      return updated;
    },
  );

  app.post(
    '/api/hosts/:id/test-progress',
    {
      config: { access: 'legacy' },
      schema: {
        summary: 'Report the progress of tests (v1)',
        tags,
        params: OfHost,
        body: LegacyTestProgress,
        response: { 200: LegacyUpdated },
      },
    },
    async (request) => {
      await takeTestProgress(ctx, callerOf(request), request.body);
      return updated;
    },
  );
};
