// The way to the control plane: requests with a deadline, answers checked against the contract, problems as failures.
import * as z from 'zod';
import { ProblemBody } from '@nixfleet/contract/problem.ts';
import { exit, Failure, fromProblem, type FailureParts } from './failure.ts';

/** One control plane, and who we are to it. `signal` ends whatever is under way. */
export type Api = { url: string; token: string | undefined; signal: AbortSignal };

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';
export type Query = Record<string, string | number | boolean | undefined>;
export type Call = { query?: Query; body?: unknown; headers?: Record<string, string>; deadlineMs?: number };

const DEADLINE_MS = 30_000;

const addressOf = (api: Api, path: string, query: Query = {}): string => {
  const url = new URL(api.url.replace(/\/+$/, '') + path);
  for (const [key, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(key, String(value));
  return url.href;
};

/** Sends, and gives the answer if it is a good one. The body is still to be read; `signal` covers that too. */
export async function open(api: Api, method: Method, path: string, call: Call, signal: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = {
    accept: 'application/json',
    ...(api.token === undefined ? {} : { authorization: `Bearer ${api.token}` }),
    ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
    ...call.headers,
  };
  const body = call.body === undefined ? null : JSON.stringify(call.body);
  const address = addressOf(api, path, call.query);
  let response: Response;
  try {
    response = await fetch(address, { method, headers, body, signal, redirect: 'manual' });
  } catch (cause) {
    api.signal.throwIfAborted();
    throw unreachable(api, cause);
  }
  if (response.status >= 300 && response.status < 400) {
    const to = response.headers.get('location') ?? 'elsewhere';
    throw new Failure(exit.unreachable, `${api.url} is not where the control plane is`, {
      why: `It answered with a redirect to ${to}.`,
      next: `nixfleet login ${URL.canParse(to) ? new URL(to).origin : 'URL'}`,
    });
  }
  if (!response.ok) throw fromProblem(await problemOf(api, response), api.url);
  return response;
}

/** A whole request whose answer is JSON of that shape. */
export async function request<S extends z.ZodType>(
  api: Api,
  method: Method,
  path: string,
  answer: S,
  call: Call = {},
): Promise<z.output<S>> {
  const deadlineMs = call.deadlineMs ?? DEADLINE_MS;
  const signal = AbortSignal.any([api.signal, AbortSignal.timeout(deadlineMs)]);
  return answerOf(api, await open(api, method, path, call, signal), answer);
}

/** The body of a good answer, as JSON of that shape. */
export async function answerOf<S extends z.ZodType>(api: Api, response: Response, answer: S): Promise<z.output<S>> {
  const parsed = answer.safeParse(await jsonOf(api, response));
  if (parsed.success) return parsed.data;
  const { pathname } = new URL(response.url);
  throw new Failure(exit.internal, `The answer of ${pathname} does not fit this version of nixfleet`, {
    why: z.prettifyError(parsed.error),
    next: 'install the nixfleet that came with the control plane',
    ...requestIdOf(response),
  });
}

export const get = <S extends z.ZodType>(api: Api, path: string, answer: S, query?: Query): Promise<z.output<S>> =>
  request(api, 'GET', path, answer, query === undefined ? {} : { query });

/** For answers nobody reads: 204, or a body that says nothing new. */
export const Nothing = z.unknown();

/** All pages of a keyset-paged list, at most `most` rows. */
export async function allPages<P extends { next?: string | undefined }, T>(
  page: (after: string | undefined) => Promise<P>,
  rows: (page: P) => readonly T[],
  most = Infinity,
): Promise<T[]> {
  const all: T[] = [];
  let after: string | undefined;
  do {
    const current = await page(after);
    all.push(...rows(current));
    after = current.next;
  } while (after !== undefined && all.length < most);
  return all.slice(0, most);
}

async function jsonOf(api: Api, response: Response): Promise<unknown> {
  if (response.status === 204) return undefined;
  let text: string;
  try {
    text = await response.text();
  } catch (cause) {
    api.signal.throwIfAborted();
    throw unreachable(api, cause);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw notControl(api, response, cause);
  }
}

async function problemOf(api: Api, response: Response): Promise<ProblemBody> {
  const text = await response.text().catch(() => '');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw notControl(api, response, cause);
  }
  const parsed = ProblemBody.safeParse(json);
  if (parsed.success) return parsed.data;
  throw notControl(api, response, parsed.error);
}

const requestIdOf = (response: Response): { requestId?: string } => {
  const id = response.headers.get('x-request-id');
  return id === null ? {} : { requestId: id };
};

const notControl = (api: Api, response: Response, cause: unknown): Failure =>
  new Failure(exit.unreachable, `${api.url} did not answer like a control plane`, {
    why: `HTTP ${response.status}, ${response.headers.get('content-type') ?? 'no content type'}; a proxy may have answered instead.`,
    next: 'check the URL, and that the control plane runs behind it',
    ...requestIdOf(response),
    cause,
  });

const reasons: Record<string, string> = {
  ECONNREFUSED: 'Nothing listens there (connection refused).',
  ENOTFOUND: 'There is no such host name.',
  EAI_AGAIN: 'The host name could not be looked up just now.',
  ECONNRESET: 'The connection broke.',
  UND_ERR_SOCKET: 'The connection broke.',
  ETIMEDOUT: 'No answer in time.',
  UND_ERR_CONNECT_TIMEOUT: 'No answer in time.',
  EHOSTUNREACH: 'There is no route to it.',
  ENETUNREACH: 'There is no network to it.',
};

/** The network's reason, in words; certificates keep OpenSSL's own words. */
export function unreachable(api: Api, cause: unknown): Failure {
  const code = codeOf(cause);
  const timedOut = cause instanceof Error && cause.name === 'TimeoutError';
  const certificate = /CERT|SELF_SIGNED|TLS|SSL/.test(code ?? '');
  const parts: FailureParts = {
    why: timedOut ? 'No answer in time.' : (reasons[code ?? ''] ?? messageOf(cause)),
    next: certificate
      ? 'trust its authority with NODE_EXTRA_CA_CERTS=FILE, or NODE_USE_SYSTEM_CA=1'
      : 'check that the control plane runs and that this machine reaches it',
    cause,
  };
  return new Failure(exit.unreachable, `Could not reach ${api.url}`, parts);
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return codeOf(error.cause);
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? messageOf(error.cause) : error.message;
}
