// One JSON request to the control plane and its bounded JSON answer: HTTPS, a deadline, no redirects. Whatever the other
// side does — hang, lie, flood — comes out as a Problem.
import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { getCACertificates } from 'node:tls';
import { Problem, ProblemBody, type ProblemCode, statusOf } from '@nixfleet/contract/problem.ts';
import { isErrno } from '@nixfleet/kit/atomic-file.ts';

/** An answer beyond this is cut off: no true one comes near it. */
const MAX_ANSWER = 1024 * 1024;

export type Request = {
  path: string;
  body: unknown;
  token: string;
  deadlineMs: number;
  /** A connection of its own, so that success proves that the control plane can be reached now. */
  fresh?: boolean;
  signal?: AbortSignal;
};

/** Gives the answer's JSON, `undefined` for 204. Throws a Problem; `unavailable` is all that is not an answer of ours. */
export type Call = (request: Request) => Promise<unknown>;

export type Caller = { call: Call; close: () => void };

export function makeCaller({ url, ca }: { url: string; ca?: string | undefined }): Caller {
  const base = new URL(url);
  const secure = base.protocol === 'https:';
  const trust = ca === undefined ? {} : { ca: [...getCACertificates('default'), ca] };
  const pool = secure
    ? new HttpsAgent({ keepAlive: true, maxSockets: 16, ...trust })
    : new HttpAgent({ keepAlive: true, maxSockets: 16 });

  const open = (r: Request, fresh: boolean, length: number): ClientRequest =>
    (secure ? httpsRequest : httpRequest)({
      protocol: base.protocol,
      hostname: base.hostname.replace(/^\[|\]$/g, ''),
      port: base.port,
      path: `${base.pathname.replace(/\/$/, '')}${r.path}`,
      method: 'POST',
      agent: fresh ? false : pool,
      headers: {
        'content-type': 'application/json',
        'content-length': length,
        accept: 'application/json, application/problem+json',
        authorization: `Bearer ${r.token}`,
      },
      ...trust,
    });

  const call: Call = async (r) => {
    const body = Buffer.from(JSON.stringify(r.body));
    try {
      return await once(r, body, (fresh) => open(r, fresh, body.length), r.fresh ?? false);
    } catch (error) {
      // A pooled connection that the server closed while we were writing says nothing about the server: ask it anew. Every
      // request of the agent is idempotent.
      if (!(error instanceof Problem) || !(error.cause instanceof StaleConnection)) throw error;
      return once(r, body, (fresh) => open(r, fresh, body.length), true);
    }
  };
  return { call, close: () => pool.destroy() };
}

class StaleConnection extends Error {}

function once(r: Request, body: Buffer, open: (fresh: boolean) => ClientRequest, fresh: boolean): Promise<unknown> {
  return new Promise((resolve, reject) => {
    if (r.signal?.aborted) return reject(new Problem('unavailable', 'the request was given up'));
    const request = open(fresh);
    const settle = (act: () => void): void => {
      clearTimeout(deadline);
      r.signal?.removeEventListener('abort', abort);
      act();
    };
    const fail = (what: string, cause?: unknown): void => {
      settle(() => reject(new Problem('unavailable', what, cause === undefined ? {} : { cause })));
      request.destroy();
    };
    const abort = (): void => fail('the request was given up');
    const deadline = setTimeout(() => fail(`no answer within ${r.deadlineMs} ms`), r.deadlineMs);
    r.signal?.addEventListener('abort', abort, { once: true });
    request.on('error', (cause) => {
      const stale = request.reusedSocket && isErrno(cause, 'ECONNRESET', 'EPIPE');
      fail(`the control plane cannot be reached: ${cause.message}`, stale ? new StaleConnection() : cause);
    });
    request.on('response', (response) => {
      readBounded(response).then(
        (text) => settle(() => answer(response.statusCode ?? 0, text, resolve, reject)),
        (cause: unknown) => fail(cause instanceof Error ? cause.message : String(cause), cause),
      );
    });
    request.end(body);
  });
}

async function readBounded(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    const bytes = chunk as Buffer; // no encoding is set, so the stream gives buffers
    size += bytes.length;
    if (size > MAX_ANSWER) throw new Error(`the answer is longer than ${MAX_ANSWER} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function answer(status: number, text: string, resolve: (v: unknown) => void, reject: (e: Problem) => void): void {
  if (status === 204) return resolve(undefined);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  if (status >= 200 && status < 300 && json !== undefined) return resolve(json);
  reject(problemOf(status, json));
}

/** A problem code this agent does not know yet is taken for the general one of its status. */
function problemOf(status: number, json: unknown): Problem {
  const body = ProblemBody.safeParse(json);
  if (body.success) {
    const { code, title, details, next } = body.data;
    const known = isCode(code) && statusOf[code] === status;
    return new Problem(known ? code : generalCode(status), title.slice(0, 300), {
      ...(details ? { details } : {}),
      ...(next ? { next: next.slice(0, 300) } : {}),
    });
  }
  if (status >= 300 && status < 400)
    return new Problem('unavailable', `the control plane answered with a redirect (${status}), which is not followed`, {
      next: 'set `url` to the final address',
    });
  return new Problem(generalCode(status), `the answer (${status}) is not one of a control plane`);
}

const isCode = (s: string): s is ProblemCode => Object.hasOwn(statusOf, s);

function generalCode(status: number): ProblemCode {
  if (status === 401) return 'unauthenticated';
  if (status === 403) return 'forbidden';
  if (status === 413) return 'too_large';
  if (status === 429) return 'rate_limited';
  return status >= 400 && status < 500 && status !== 404 && status !== 410 ? 'bad_request' : 'unavailable';
}
