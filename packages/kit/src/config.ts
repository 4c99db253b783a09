// Configuration: one strict Zod object per program; flags beat environment beats TOML file beats defaults. All problems
// are reported at once; absent and invalid are different; unknown keys of the file are refused.
import { readFileSync } from 'node:fs';
import { parse as parseToml } from 'smol-toml';
import * as z from 'zod';
import { type Issue, issuesOf } from '@nixfleet/contract/problem.ts';
import { isErrno } from './atomic-file.ts';

export class ConfigInvalid extends Error {
  readonly issues: Issue[];
  constructor(program: string, issues: Issue[]) {
    super(
      `${program}: the configuration has ${issues.length} problem${issues.length === 1 ? '' : 's'}:\n${issues.map((i) => `  ${i.path}: ${i.message}`).join('\n')}`,
    );
    this.name = 'ConfigInvalid';
    this.issues = issues;
  }
}

/** The exit status of a daemon whose configuration is invalid (sysexits EX_CONFIG), so that a supervisor need not retry. */
export const EXIT_CONFIG = 78;

export type ConfigSources = {
  program: string;
  /** Keys of the shape, from the command line. */
  flags?: Record<string, unknown>;
  /** Shape key → value, already picked from the environment by the program's own names. Empty strings count as absent. */
  env?: Record<string, string | undefined>;
  /** A TOML file; `required` when the operator named it. */
  file?: { path: string; required: boolean };
};

/** Reads, merges and checks. Throws `ConfigInvalid` with every problem found. */
export function loadConfig<S extends z.ZodObject>(shape: S, sources: ConfigSources): z.output<S> {
  const issues: Issue[] = [];
  const fromFile = sources.file ? readToml(sources.file, issues) : {};
  for (const key of Object.keys(fromFile))
    if (!(key in shape.shape))
      issues.push({
        path: key,
        message: `unknown key in ${sources.file?.path}; known: ${Object.keys(shape.shape).join(', ')}`,
      });
  const known = Object.fromEntries(Object.entries(fromFile).filter(([key]) => key in shape.shape));
  const result = shape.safeParse({ ...known, ...present(sources.env ?? {}), ...present(sources.flags ?? {}) });
  if (!result.success) issues.push(...issuesOf(result.error));
  if (issues.length > 0 || !result.success) throw new ConfigInvalid(sources.program, issues);
  return result.data;
}

const present = (o: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined && v !== ''));

function readToml({ path, required }: { path: string; required: boolean }, issues: Issue[]): Record<string, unknown> {
  try {
    return parseToml(readFileSync(path, 'utf8'));
  } catch (error) {
    if (isErrno(error, 'ENOENT') && !required) return {};
    issues.push({ path, message: error instanceof Error ? error.message : String(error) });
    return {};
  }
}

/** `1`, `true`, `yes` and their opposites, any case; what environment variables of v1 use. */
export const flag = z.union(
  [
    z.boolean(),
    z
      .string()
      .regex(/^(?:1|true|yes|on|0|false|no|off)$/i)
      .transform((s) => /^(?:1|true|yes|on)$/i.test(s)),
  ],
  { error: ({ input }) => `expected true or false, found ${JSON.stringify(input)}` },
);

/** A whole number, also as text. */
export const integer = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

/** A comma-separated list, or an array. */
export const list = z.union([
  z.array(z.string()),
  z.string().transform((s) =>
    s
      .split(',')
      .map((x) => x.trim())
      .filter((x) => x !== ''),
  ),
]);
