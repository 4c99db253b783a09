// The page of the agent protocol: its version, its changelog and its bodies as JSON Schema, from the contract.
import { readFileSync } from 'node:fs';
import * as z from 'zod';
import * as agent from '@nixfleet/contract/agent.ts';
import { JournalEntry } from '@nixfleet/contract/journal.ts';
import { duration, generated, table } from './markdown.ts';

const routes = [
  ['POST /api/agent/enrol', 'bootstrap token', 'Enrol', 'Enrolled'],
  ['POST /api/agent/checkin', 'host token', 'Checkin', 'CheckedIn'],
  ['POST /api/agent/runs/{id}/journal', 'host token', 'AppendJournal', 'AppendedJournal'],
  ['POST /api/agent/runs/{id}/confirm', 'host token', 'Confirm', '204, or the problem `confirm_refused`'],
] as const;

const bodies = {
  Enrol: agent.Enrol,
  Enrolled: agent.Enrolled,
  Checkin: agent.Checkin,
  CheckedIn: agent.CheckedIn,
  AppendJournal: agent.AppendJournal,
  AppendedJournal: agent.AppendedJournal,
  Confirm: agent.Confirm,
} as const;

/** The changelog stands beside the number in the contract, so that nobody changes one without the other. */
function changelog(): string {
  const source = readFileSync(new URL('../../packages/contract/src/agent.ts', import.meta.url), 'utf8');
  return [...source.matchAll(/^\/\/ {3}(\d+ {2}.*)$/gm)].map(([, line]) => `- ${line}`).join('\n');
}

const schema = (shape: z.ZodType): string =>
  `\`\`\`json\n${JSON.stringify(z.toJSONSchema(shape, { io: 'input', unrepresentable: 'any' }), null, 1)}\n\`\`\``;

export function protocolPage(): string {
  return `${generated('packages/contract/src/agent.ts')}# The agent protocol

Version ${agent.PROTOCOL}; the control plane also speaks ${agent.OLDEST_PROTOCOL} and later. HTTPS, JSON, \`Authorization: Bearer\`. A check-in
is held for at most ${duration(agent.MAX_WAIT_MS)} when there is nothing to say. A journal request carries at most ${agent.MAX_ENTRIES} entries.

${table(['Route', 'Bearer', 'Body', 'Answer'], routes)}

## Changelog

${changelog()}

## Journal entries

${table(
  ['Kind', 'Fields besides `seq`, `at` and `kind`'],
  JournalEntry.options.map((o) => [
    `\`${o.shape.kind.value}\``,
    Object.keys(o.shape)
      .filter((k) => !['seq', 'at', 'kind'].includes(k))
      .map((k) => `\`${k}\``)
      .join(', '),
  ]),
)}

## Bodies

${Object.entries(bodies)
  .map(([name, shape]) => `### ${name}\n\n${schema(shape)}`)
  .join('\n\n')}
`;
}
