// Hosts for operators. `{id}` is a host's id or its current name everywhere.
import * as z from 'zod';
import {
  CreateHost,
  Host,
  HostPage,
  HostQuery,
  PatchHost,
  RotatedToken,
  RotateToken,
} from '@nixfleet/contract/hosts.ts';
import { HostCommand, HostCommandQueued } from '@nixfleet/contract/legacy.ts';
import { HostRef } from '@nixfleet/contract/names.ts';
import type { Routes } from '../http/app-type.ts';
import { createRun } from '../runs/creation/service.ts';
import { stopHost } from '../runs/service.ts';
import { getHostOverview, listHosts } from './overview/service.ts';
import { createHost, patchHost, retireHost, rotateToken } from './registry/service.ts';
import { getHost } from './service.ts';

const OfHost = z.object({ id: HostRef });
const tags = ['hosts'];
const Retired = z.object({ status: z.literal('deleted'), host_id: z.string() });

/** v1's names of fields, which its dashboards and scripts still send. */
const v1Names: Record<string, string> = {
  device_type: 'deviceType',
  theme_color: 'themeColor',
  last_audit: 'lastAudit',
  last_fix: 'lastFix',
};

const renamed = (body: unknown): unknown =>
  typeof body === 'object' && body !== null && !Array.isArray(body)
    ? Object.fromEntries(Object.entries(body).map(([key, value]) => [v1Names[key] ?? key, value]))
    : body;

export const hostRoutes: Routes = (ctx) => (app) => {
  app.addHook('preValidation', (request, _reply, done) => {
    request.body = renamed(request.body);
    done();
  });

  app.get(
    '/api/hosts',
    {
      config: { access: 'operator' },
      schema: { summary: 'List hosts by name', tags, querystring: HostQuery, response: { 200: HostPage } },
    },
    async ({ query }) => listHosts(ctx, query),
  );

  app.post(
    '/api/hosts',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'Make a host known before its agent calls',
        tags,
        body: CreateHost,
        response: { 201: Host },
      },
    },
    async ({ body }, reply) => reply.code(201).send(await createHost(ctx, body)),
  );

  app.get(
    '/api/hosts/:id',
    {
      config: { access: 'operator' },
      schema: { summary: 'Get a host', tags, params: OfHost, response: { 200: Host } },
    },
    async ({ params }) => getHostOverview(ctx, params.id),
  );

  app.patch(
    '/api/hosts/:id',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'Edit or rename a host',
        description:
          'What is set here wins over what the agent says, until it is set to null. v1’s snake_case names work too.',
        tags,
        params: OfHost,
        body: PatchHost,
        response: { 200: Host },
      },
    },
    async ({ params, body }) => patchHost(ctx, params.id, body),
  );

  app.delete(
    '/api/hosts/:id',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'Retire a host',
        description: 'For good: its tokens and its key are refused from now on. Its name is free, its runs stay.',
        tags,
        params: OfHost,
        response: { 200: Retired },
      },
    },
    async ({ params }) => retireHost(ctx, params.id),
  );

  app.post(
    '/api/hosts/:id/command',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'Ask a host for a run (v1)',
        description: 'As v1 did it; `POST /api/runs` can more. `stop` cancels what has not changed the host yet.',
        tags,
        params: OfHost,
        body: HostCommand,
        response: { 200: HostCommandQueued },
      },
    },
    async ({ actor, params, body: { command } }) => {
      if (command === 'stop') {
        const { id } = await getHost(ctx.db, params.id);
        return { status: 'stopped' as const, command, runId: await stopHost(ctx, id) };
      }
      const run = await createRun(ctx, actor, params.id, command);
      return { status: 'queued' as const, command, runId: run.id };
    },
  );

  app.post(
    '/api/hosts/:id/agent-token',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'Give a host a new token',
        description:
          'The raw token is in this answer only. The old one works until the new one is used, unless `revoke`.',
        tags,
        params: OfHost,
        body: RotateToken.nullish(),
        response: { 200: RotatedToken },
      },
    },
    async ({ params, body }) => rotateToken(ctx, params.id, { revoke: body?.revoke ?? false }),
  );
};
