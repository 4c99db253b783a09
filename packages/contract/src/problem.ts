// Expected failures: a closed table of codes, one error class, one wire shape (RFC 9457 problem details).
import * as z from 'zod';

/** Every code a client may meet, with its HTTP status. Codes are public API: never rename one, only add. */
export const statusOf = {
  bad_request: 400,
  malformed_json: 400,
  host_name_invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  csrf_mismatch: 403,
  not_found: 404,
  host_not_found: 404,
  run_not_found: 404,
  target_not_found: 404,
  token_not_found: 404,
  method_not_allowed: 405,
  host_name_taken: 409,
  host_offline: 409,
  host_retired: 409,
  host_key_mismatch: 409,
  target_name_taken: 409,
  target_in_use: 409,
  no_target: 409,
  not_pulled: 409,
  no_attribute: 409,
  verb_unsupported: 409,
  queue_full: 409,
  run_ended: 409,
  cancel_too_late: 409,
  journal_gap: 409,
  journal_conflict: 409,
  confirm_refused: 410,
  too_large: 413,
  unsupported_media_type: 415,
  invalid: 422,
  protocol_unsupported: 426,
  rate_limited: 429,
  internal: 500,
  unavailable: 503,
  storage_full: 507,
} as const satisfies Record<string, number>;

export type ProblemCode = keyof typeof statusOf;

/** One rejected input: where (JSON path, `body.hosts.0`), what was wrong and what is allowed. */
export const Issue = z.object({ path: z.string(), message: z.string() });
export type Issue = z.infer<typeof Issue>;

/** `application/problem+json` (RFC 9457) as every route answers it; `type` is `urn:nixfleet:problem:<code>`. */
export const ProblemBody = z.object({
  type: z.string(),
  code: z.string(),
  title: z.string(),
  status: z.int(),
  requestId: z.string().optional(),
  issues: z.array(Issue).optional(),
  /** v1 clients read this; it repeats `title`. */
  detail: z.string().optional(),
  /** What to do about it, where we know. */
  next: z.string().optional(),
  /** Machine-readable particulars of this code, e.g. `{next: 12}` of `journal_gap`. */
  details: z.record(z.string(), z.unknown()).optional(),
});
export type ProblemBody = z.infer<typeof ProblemBody>;

export type ProblemExtra = {
  cause?: unknown;
  issues?: Issue[];
  next?: string;
  details?: Record<string, unknown>;
};

/** An expected failure. `message` is safe to show to anyone who may call; what is secret goes into `cause`. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly issues: Issue[] | undefined;
  readonly next: string | undefined;
  readonly details: Record<string, unknown> | undefined;

  constructor(code: ProblemCode, message: string, extra: ProblemExtra = {}) {
    super(message, extra.cause === undefined ? undefined : { cause: extra.cause });
    this.name = 'Problem';
    this.code = code;
    this.issues = extra.issues;
    this.next = extra.next;
    this.details = extra.details;
  }

  get status(): number {
    return statusOf[this.code];
  }
}

export const isProblem = (e: unknown, code?: ProblemCode): e is Problem =>
  e instanceof Problem && (code === undefined || e.code === code);

export function toProblemBody(p: Problem, requestId?: string): ProblemBody {
  return {
    type: `urn:nixfleet:problem:${p.code}`,
    code: p.code,
    title: p.message,
    status: p.status,
    detail: p.message,
    ...(requestId === undefined ? {} : { requestId }),
    ...(p.issues ? { issues: p.issues } : {}),
    ...(p.next ? { next: p.next } : {}),
    ...(p.details ? { details: p.details } : {}),
  };
}

/** The issues of a Zod error, paths written as `prefix.a.0.b`. */
export function issuesOf(error: z.core.$ZodError, prefix = ''): Issue[] {
  return error.issues.map((i) => ({
    path: [prefix, ...i.path.map(String)].filter((s) => s !== '').join('.') || '(root)',
    message: i.message,
  }));
}
