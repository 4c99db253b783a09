// Requests against a test's app, as an operator, an agent or a stranger sends them.
import type * as z from 'zod';
import { CSRF_HEADER, Session, SESSION_COOKIE } from '@nixfleet/contract/access.ts';
import { ProblemBody } from '@nixfleet/contract/problem.ts';
import type { App } from '../http/app-type.ts';

export type Answer = {
  status: number;
  headers: Record<string, string | string[] | number | undefined>;
  text: string;
  /** The body, held against a shape. */
  json<S extends z.ZodType>(shape: S): z.output<S>;
  problem(): ProblemBody;
};

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'PUT' | 'HEAD';

export type Client = {
  request(method: Method, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  get(path: string): Promise<Answer>;
  post(path: string, body?: unknown): Promise<Answer>;
  patch(path: string, body: unknown): Promise<Answer>;
  delete(path: string): Promise<Answer>;
  /** For requests made by other means, such as a real connection. */
  headers: Record<string, string>;
};

export function makeClient(app: App, headers: Record<string, string> = {}, remoteAddress?: string): Client {
  const request: Client['request'] = async (method, path, body, more = {}) => {
    const answer = await app.inject({
      method,
      url: path,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...more },
      ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
      ...(remoteAddress === undefined ? {} : { remoteAddress }),
    });
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text: answer.body,
      json: (shape) => shape.parse(JSON.parse(answer.body)),
      problem: () => ProblemBody.parse(JSON.parse(answer.body)),
    };
  };
  return {
    request,
    headers,
    get: (path) => request('GET', path),
    post: (path, body) => request('POST', path, body),
    patch: (path, body) => request('PATCH', path, body),
    delete: (path) => request('DELETE', path),
  };
}

export const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

/** Signs in with the test's password, as a browser does. */
export async function signInClient(app: App, password: string): Promise<Client> {
  const answer = await makeClient(app).post('/api/login', { password });
  if (answer.status !== 200) throw new Error(`could not sign in: ${answer.text}`);
  const { csrfToken } = answer.json(Session);
  return makeClient(app, { cookie: sessionCookie(answer), [CSRF_HEADER]: csrfToken ?? '' });
}

/** `nixfleet_session=…` of an answer that set it. */
export function sessionCookie(answer: Answer): string {
  const set = [answer.headers['set-cookie']].flat().find((c) => String(c).startsWith(`${SESSION_COOKIE}=`));
  if (set === undefined) throw new Error(`no session cookie in ${JSON.stringify(answer.headers)}`);
  return String(set).split(';', 1)[0] ?? '';
}
