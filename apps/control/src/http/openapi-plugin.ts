// The description of the API, OpenAPI 3.1: made from the routes themselves, with the contract's shapes as named
// components. What the generators leave untidy is put right here, once.
import swagger from '@fastify/swagger';
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod';
import * as z from 'zod';
import * as access from '@nixfleet/contract/access.ts';
import * as agent from '@nixfleet/contract/agent.ts';
import * as events from '@nixfleet/contract/events.ts';
import * as facts from '@nixfleet/contract/facts.ts';
import * as health from '@nixfleet/contract/health.ts';
import * as hosts from '@nixfleet/contract/hosts.ts';
import * as journal from '@nixfleet/contract/journal.ts';
import * as legacy from '@nixfleet/contract/legacy.ts';
import * as names from '@nixfleet/contract/names.ts';
import * as problem from '@nixfleet/contract/problem.ts';
import * as runs from '@nixfleet/contract/runs.ts';
import * as targets from '@nixfleet/contract/targets.ts';
import * as verbs from '@nixfleet/contract/verbs.ts';
import { VERSION } from '../config.ts';
import type { App } from './app-type.ts';
import { joinTwins, plainer, sorted } from './openapi-tidy.ts';

const shapes = [access, agent, events, facts, health, hosts, journal, legacy, names, problem, runs, targets, verbs];

const securitySchemes = {
  session: { type: 'apiKey', in: 'cookie', name: access.SESSION_COOKIE, description: 'set by POST /api/login' },
  csrf: {
    type: 'apiKey',
    in: 'header',
    name: access.CSRF_HEADER,
    description: 'the session’s csrfToken, with every request of a session that changes something',
  },
  apiToken: { type: 'http', scheme: 'bearer', description: 'an operator’s API token, nft_…' },
  agentToken: { type: 'http', scheme: 'bearer', description: 'a host’s own token' },
  bootstrapToken: {
    type: 'http',
    scheme: 'bearer',
    description: 'the shared token, or one an operator made for a host',
  },
} as const;

type Security = { [scheme: string]: string[] }[];

function securityOf(who: access.Access, method: string): Security {
  switch (who) {
    case 'public':
      return [];
    case 'operator':
      return [{ apiToken: [] }, method === 'GET' ? { session: [] } : { session: [], csrf: [] }];
    case 'agent':
      return [{ agentToken: [] }];
    case 'bootstrap':
      return [{ bootstrapToken: [] }];
    case 'legacy':
      return [{ agentToken: [] }, { bootstrapToken: [] }];
    default:
      throw new Error(`unknown access ${JSON.stringify(who satisfies never)}`);
  }
}

/** Before any route is registered. Afterwards `app.swagger()` gives the document. */
export async function registerOpenApi(app: App): Promise<void> {
  const schemaRegistry = namedShapes();
  const transform = createJsonSchemaTransform({ schemaRegistry });
  const transformObject = createJsonSchemaTransformObject({ schemaRegistry });
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'NixFleet',
        version: VERSION,
        description: 'The control plane of a fleet that runs Nix. Every failure is application/problem+json.',
        license: { name: 'AGPL-3.0-or-later', identifier: 'AGPL-3.0-or-later' },
      },
      components: { securitySchemes },
    },
    transform: (document) => {
      const { schema, url } = transform(document);
      const { method, config } = document.route;
      const name = String(method).toLowerCase();
      return {
        url,
        schema: {
          ...schema,
          operationId: operationId(name, url) + (isForm(schema.consumes) ? 'Form' : ''),
          security: config ? securityOf(config.access, String(method)) : [],
          response: { ...(schema.response as object), default: failure },
        },
      };
    },
    transformObject: (document) => sorted(plainer(joinTwins(transformObject(document)))),
  });
}

const failure = {
  description: 'What went wrong, by its code',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/ProblemBody' } } },
};

const isForm = (consumes: unknown): boolean =>
  Array.isArray(consumes) && consumes.includes('application/x-www-form-urlencoded');

/** `GET /api/hosts/:id/runs` → `getHostsIdRuns`. */
function operationId(method: string, url: string): string {
  const words = url.split(/[^A-Za-z0-9]+/).filter((w) => w !== '' && w !== 'api');
  return method + words.map((w) => w.charAt(0).toUpperCase() + w.slice(1)).join('');
}

/** The contract's exported shapes under their names. Times stay inline, and so do queries, whose fields become parameters. */
function namedShapes() {
  const registry = z.registry<{ id?: string }>();
  for (const [id, shape] of shapes.flatMap((module) => Object.entries<unknown>(module))) {
    if (!(shape instanceof z.ZodType) || shape === names.Millis || id.endsWith('Query')) continue;
    // Two names for one shape: the first is its name.
    if (!registry.has(shape)) registry.add(shape, { id });
  }
  return registry;
}
