// The page of problem codes, from the contract's table.
import { STATUS_CODES } from 'node:http';
import { statusOf } from '@nixfleet/contract/problem.ts';
import { generated, table } from './markdown.ts';

export function problemsPage(): string {
  const rows = Object.entries(statusOf).map(([code, status]) => [
    `\`${code}\``,
    String(status),
    STATUS_CODES[status] ?? '',
  ]);
  return `${generated('packages/contract/src/problem.ts')}# Problem codes

Every failure is answered as \`application/problem+json\` (RFC 9457) with \`type\` \`urn:nixfleet:problem:<code>\`, a \`title\` that
is safe to show, and, where we know it, \`next\`: what to do about it. Codes are never renamed, only added. \`detail\` repeats
the title for clients of version 1.

${table(['Code', 'Status', 'Meaning of the status'], rows)}
`;
}
