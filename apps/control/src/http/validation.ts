// Text becomes typed values here: requests are checked by their Zod shapes, and what does not fit is one Problem that
// names every issue. Answers are written as they are; the tests' app also holds them against their shapes.
import { isDeepStrictEqual } from 'node:util';
import type { FastifySchemaCompiler, FastifySerializerCompiler } from 'fastify';
import type * as z from 'zod';
import { issuesOf, Problem } from '@nixfleet/contract/problem.ts';

const partNames: Record<string, string> = { params: 'path', querystring: 'query', headers: 'headers', body: 'body' };

export const validatorCompiler: FastifySchemaCompiler<z.ZodType> = ({ schema, url, httpPart = 'body' }) => {
  const part = partNames[httpPart] ?? httpPart;
  const namesHost = part === 'path' && url.startsWith('/api/hosts/:id');
  return (input) => {
    const parsed = schema.safeParse(input);
    if (parsed.success) return { value: parsed.data };
    return { error: namesHost ? hostProblem(parsed.error) : inputProblem(parsed.error, part) };
  };
};

/** v1 answers a malformed host in the path with 400 and this text. */
const hostProblem = (cause: z.ZodError): Problem =>
  new Problem('host_name_invalid', 'Invalid host ID format', { issues: issuesOf(cause, 'path'), cause });

/** Exported for the rare route that parses by itself. The Zod error stays as the cause, for v1's own list of details. */
export function inputProblem(cause: z.ZodError, part: string): Problem {
  const issues = issuesOf(cause, part);
  const title = `The request does not fit: ${issues.map((i) => `${i.path}: ${i.message}`).join('; ')}`;
  return new Problem('invalid', title.slice(0, 500), { issues, cause });
}

export const plainSerializer: FastifySerializerCompiler<z.ZodType> = () => (answer) => JSON.stringify(answer);

/** An answer that has a field its shape does not name, or lacks one, is a bug of ours: it fails the test that met it. */
export const checkingSerializer: FastifySerializerCompiler<z.ZodType> =
  ({ schema, method, url }) =>
  (answer) => {
    const wire: unknown = JSON.parse(JSON.stringify(answer));
    const parsed = schema.safeParse(wire);
    if (!parsed.success) throw new Error(`${method} ${url} answers what its shape forbids`, { cause: parsed.error });
    if (!isDeepStrictEqual(JSON.parse(JSON.stringify(parsed.data)), wire))
      throw new Error(`${method} ${url} answers more than its shape names: ${JSON.stringify(wire).slice(0, 2000)}`);
    return JSON.stringify(answer);
  };
