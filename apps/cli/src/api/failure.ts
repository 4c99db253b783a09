// Why a command could not do its work: one class, an exit status, and the same four parts on stderr every time —
// what, why, what to do next, and the request to ask about.
import type { Issue, ProblemBody } from '@nixfleet/contract/problem.ts';
import type { Paint } from '../terminal/style.ts';
import { manyLines, oneLine } from '../terminal/text.ts';

/** Exit statuses that are not the outcome of a run (see runs/outcome.ts); from 64 on those of sysexits(3). */
export const exit = {
  /** The control plane understood and said no. */
  problem: 2,
  usage: 64,
  unreachable: 69,
  /** A bug here, or an answer that does not fit the contract. */
  internal: 70,
  notSignedIn: 77,
  config: 78,
  /** Ctrl-C, by the shells' convention. */
  stopped: 130,
} as const;

export type FailureParts = {
  why?: string;
  next?: string;
  requestId?: string;
  issues?: readonly Issue[];
  /** Asked too often: when it makes sense to ask again. */
  retryAfterMs?: number;
  cause?: unknown;
};

export class Failure extends Error {
  readonly status: number;
  readonly code: string | undefined;
  readonly parts: FailureParts;
  constructor(status: number, message: string, parts: FailureParts = {}, code?: string) {
    super(message, parts.cause === undefined ? undefined : { cause: parts.cause });
    this.name = 'Failure';
    this.status = status;
    this.code = code;
    this.parts = parts;
  }
}

export const usage = (message: string, next?: string): Failure =>
  new Failure(exit.usage, message, next === undefined ? {} : { next });

export const notSignedIn = (url: string | undefined, why?: string): Failure =>
  new Failure(exit.notSignedIn, url === undefined ? 'Not signed in' : `Not signed in to ${url}`, {
    ...(why === undefined ? {} : { why }),
    next: `nixfleet login ${url ?? 'URL'}`,
  });

/** A problem the control plane answered, with what it said to do. */
export function fromProblem(body: ProblemBody, url: string): Failure {
  if (body.status === 401) return notSignedIn(url, body.title);
  const retryAfterMs = body.details?.['retryAfterMs'];
  return new Failure(
    body.code === 'unavailable' ? exit.unreachable : exit.problem,
    body.title,
    {
      ...(body.next === undefined ? {} : { next: body.next }),
      ...(body.requestId === undefined ? {} : { requestId: body.requestId }),
      ...(body.issues === undefined ? {} : { issues: body.issues }),
      ...(typeof retryAfterMs === 'number' ? { retryAfterMs } : {}),
    },
    body.code,
  );
}

/** The lines for stderr. Everything may have come from the network, so everything is made safe. */
export function failureLines(failure: Failure, paint: Paint): string[] {
  const { why, next, requestId, issues = [] } = failure.parts;
  const indented = (text: string): string[] =>
    manyLines(text)
      .split('\n')
      .map((line) => `  ${line}`);
  return [
    `${paint('bad', '✗')} ${paint('strong', oneLine(failure.message))}`,
    ...(why === undefined ? [] : indented(why)),
    ...issues.map((i) => `  ${oneLine(i.path)}: ${oneLine(i.message)}`),
    ...(next === undefined ? [] : [`  ${paint('accent', 'Next:')} ${oneLine(next)}`]),
    ...(requestId === undefined ? [] : [`  ${paint('mute', `Request ${oneLine(requestId)}`)}`]),
  ];
}
