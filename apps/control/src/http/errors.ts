// Every failure leaves as application/problem+json: expected ones with their code, everything else logged with its chain
// of causes and answered `internal` with the request's id and nothing more.
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import * as z from 'zod';
import { Problem, type ProblemBody, type ProblemCode, toProblemBody } from '@nixfleet/contract/problem.ts';
import type { Context } from '../context.ts';
import { storageProblem } from '../db/failures.ts';
import type { App } from './app-type.ts';
import type { RouteTable } from './route-table.ts';

const MEDIA_TYPE = 'application/problem+json; charset=utf-8';

/** What Fastify itself refuses, by its own code. */
const ofFastify: Record<string, [ProblemCode, string]> = {
  FST_ERR_CTP_INVALID_JSON_BODY: ['malformed_json', 'The body is not valid JSON'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['malformed_json', 'The body is empty, and JSON is expected'],
  FST_ERR_CTP_BODY_TOO_LARGE: ['too_large', 'The body is larger than this route takes'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported_media_type', 'Send application/json'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['bad_request', 'Content-Length does not match the body'],
  FST_ERR_BAD_URL: ['bad_request', 'The path is not a valid URL path'],
};

/** The problem behind anything thrown; undefined for what is a bug of ours. */
export function problemOf(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error;
  const storage = storageProblem(error);
  if (storage) return storage;
  if (!(error instanceof Error)) return undefined;
  const { code, statusCode } = error as Partial<FastifyError>;
  const known = code === undefined ? undefined : ofFastify[code];
  if (known) return new Problem(known[0], known[1], { cause: error });
  if (error instanceof SyntaxError && statusCode === 400)
    return new Problem('malformed_json', 'The body is not valid JSON', { cause: error });
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new Problem('bad_request', error.message, { cause: error });
  return undefined;
}

export function registerErrors(app: App, ctx: Context, routes: RouteTable): void {
  app.setErrorHandler((error, request, reply) => answerError(ctx, error, request, reply));
  app.setNotFoundHandler((request, reply) => {
    const allowed = routes.methodsOf(request.url);
    if (allowed.length === 0) return send(reply, request, new Problem('not_found', `There is no ${request.url}`));
    reply.header('allow', allowed.join(', '));
    const title = `${request.method} is not possible here; allowed: ${allowed.join(', ')}`;
    return send(reply, request, new Problem('method_not_allowed', title));
  });
}

export function answerError(ctx: Context, error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = problemOf(error);
  if (!problem || problem.status >= 500)
    ctx.log.error({ err: error, requestId: request.id, method: request.method, url: request.url }, 'request failed');
  return send(reply, request, problem ?? new Problem('internal', 'Something went wrong here; see the log'));
}

function send(reply: FastifyReply, request: FastifyRequest, problem: Problem): FastifyReply {
  const body: Omit<ProblemBody, 'detail'> & { detail?: unknown } = toProblemBody(problem, request.id);
  const access = request.routeOptions.config?.access;
  if (access === 'legacy' && problem.code === 'invalid') body.detail = legacyDetail(problem);
  // A serializer of the route's own shapes does not know problems.
  return reply.code(problem.status).type(MEDIA_TYPE).serializer(JSON.stringify).send(body);
}

/** v1's list of validation errors, as its agents and scripts print it. */
function legacyDetail(problem: Problem): { type: string; loc: (string | number)[]; msg: string }[] {
  if (!(problem.cause instanceof z.ZodError)) return [];
  const part = problem.issues?.[0]?.path.split('.')[0] ?? 'body';
  return problem.cause.issues.map((i) => ({
    type: i.code ?? 'value_error',
    loc: [part, ...i.path.map((p) => (typeof p === 'number' ? p : String(p)))],
    msg: i.message,
  }));
}
