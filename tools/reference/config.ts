// The configuration pages of control plane and agent, from the descriptions in their Zod objects.
import * as z from 'zod';
import { AgentConfig } from '../../apps/agent/src/config.ts';
import { ControlConfig, environment } from '../../apps/control/src/config.ts';
import { generated, table } from './markdown.ts';

const Schema = z.looseObject({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  anyOf: z.array(z.looseObject({ type: z.string().optional() })).default([]),
  enum: z.array(z.unknown()).optional(),
  description: z.string().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
});

function rows(shape: z.ZodObject, envOf: (key: string) => string | undefined): string[][] {
  return Object.entries(shape.shape).map(([key, field]) => {
    const found = Schema.parse(z.toJSONSchema(field, { io: 'input', unrepresentable: 'any' }));
    return [
      `\`${key}\``,
      envOf(key) === undefined ? '' : `\`${envOf(key)}\``,
      typeOf(found),
      defaultOf(field),
      found.description ?? '',
    ];
  });
}

/** Asks the field itself, so that defaults behind transforms and unions are found too. */
function defaultOf(field: z.ZodType): string {
  const absent = z.object({ field }).safeParse({});
  if (!absent.success) return 'required';
  const value = absent.data['field'];
  return value === undefined || (Array.isArray(value) && value.length === 0) ? '' : `\`${JSON.stringify(value)}\``;
}

function typeOf(s: z.infer<typeof Schema>): string {
  if (s.enum) return s.enum.map((v) => `\`${String(v)}\``).join(' ');
  if (s.minimum !== undefined && s.maximum !== undefined) return `${s.minimum}–${s.maximum}`;
  const types = [s.type ?? [], s.anyOf.map((each) => each.type ?? '')].flat(2);
  if (types.includes('boolean')) return 'true or false';
  return types.includes('array') ? 'list' : (types[0] ?? 'text');
}

const head = ['Key', 'Environment', 'Type', 'Default', 'What it is'];

export function controlConfigPage(): string {
  const names = new Map(Object.entries(environment).map(([name, key]) => [key, name] as const));
  const keys: ReadonlyMap<string, string> = names;
  return `${generated('apps/control/src/config.ts')}# Configuration of the control plane

Flags beat the environment, the environment beats the TOML file (\`NIXFLEET_CONFIG\`, default \`/etc/nixfleet/control.toml\`),
the file beats the defaults. Every problem is reported at once, and nothing starts with one; the exit status is then 78.
Secrets may come as \`<NAME>_FILE\` with a path.

${table(
  head,
  rows(ControlConfig, (key) => keys.get(key)),
)}
`;
}

export function agentConfigPage(): string {
  return `${generated('apps/agent/src/config.ts')}# Configuration of the agent

A TOML file (\`NIXFLEET_AGENT_CONFIG\`, default \`/etc/nixfleet/agent.toml\`) with these keys; version 1's environment names
work too. Every problem is reported at once; the exit status is then 78.

${table(
  head.filter((h) => h !== 'Environment'),
  rows(AgentConfig, () => undefined).map((row) => row.filter((_, i) => i !== 1)),
)}
`;
}
