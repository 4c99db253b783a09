// The agent API: enrol, check in, ship a journal, ask for confirmation.
import * as z from 'zod';
import {
  AppendedJournal,
  AppendJournal,
  CheckedIn,
  Checkin,
  Confirm,
  Enrol,
  Enrolled,
  MAX_JOURNAL_BODY,
} from '@nixfleet/contract/agent.ts';
import { RunId } from '@nixfleet/contract/names.ts';
import type { Routes } from '../http/app-type.ts';
import { confirmRun } from '../runs/confirmation/service.ts';
import { appendJournal } from '../runs/journal/service.ts';
import { checkIn } from './checkin/service.ts';
import { enrol } from './enrolment/service.ts';

const OfRun = z.object({ id: RunId });

export const agentRoutes: Routes = (ctx) => (app) => {
  app.post(
    '/api/agent/enrol',
    {
      config: { access: 'bootstrap' },
      schema: {
        summary: 'Enrol a host',
        description: 'The same key gets the same host back, with a fresh token.',
        tags: ['agent'],
        body: Enrol,
        response: { 200: Enrolled },
      },
    },
    async ({ caller, body }) => enrol(ctx, caller.kind === 'bootstrap' ? caller.hostId : null, body),
  );

  app.post(
    '/api/agent/checkin',
    {
      config: { access: 'agent' },
      schema: {
        summary: 'Check in',
        description:
          'Held for up to `waitMs` while there is nothing to say. A newer check-in of the host ends an older one.',
        tags: ['agent'],
        body: Checkin,
        response: { 200: CheckedIn },
      },
    },
    async ({ caller, body }, reply) => {
      if (caller.kind !== 'agent') throw new Error('access `agent` gives an agent');
      const gone = new AbortController();
      // Of the answer, not of the request: a request is closed as soon as it has been read.
      reply.raw.once('close', () => gone.abort());
      return checkIn(ctx, caller, body, gone.signal);
    },
  );

  app.post(
    '/api/agent/runs/:id/journal',
    {
      config: { access: 'agent' },
      bodyLimit: MAX_JOURNAL_BODY,
      schema: {
        summary: 'Append to a run’s journal',
        description: 'Idempotent: entries already stored are compared. `journal_gap` carries `details.next`.',
        tags: ['agent'],
        params: OfRun,
        body: AppendJournal,
        response: { 200: AppendedJournal },
      },
    },
    async ({ agentHostId, params, body }) => appendJournal(ctx, agentHostId, params.id, body),
  );

  app.post(
    '/api/agent/runs/:id/confirm',
    {
      config: { access: 'agent' },
      schema: {
        summary: 'Ask whether a deployment may stay',
        description: '204: it may. `confirm_refused`: go back at once.',
        tags: ['agent'],
        params: OfRun,
        body: Confirm,
        response: { 204: z.undefined() },
      },
    },
    async ({ agentHostId, params }, reply) => {
      await confirmRun(ctx, agentHostId, params.id);
      return reply.code(204).send();
    },
  );
};
