// Commits, signatures and reasons in words.
import type { TargetCommit } from '@nixfleet/contract/targets.ts';
import type * as z from 'zod';
import type { Span } from '../terminal/table.ts';

export const shortCommit = (commit: string): string => commit.slice(0, 7);

/** A reason as people read it: store paths by their names, commits by their first digits. JSON keeps them whole. */
export const briefly = (text: string): string =>
  text
    .replace(/(?:\/[A-Za-z0-9+._-]+)*\/[0-9a-df-np-sv-z]{32}-([A-Za-z0-9+._?=-]+)/g, '$1')
    .replace(/\b[0-9a-f]{40}(?:[0-9a-f]{24})?\b/g, shortCommit);

export function signatureSpans({ signature, signer }: z.infer<typeof TargetCommit>): Span[] {
  switch (signature) {
    case 'signed':
      return [['ok', `✓ signed by ${signer ?? 'a trusted key'}`]];
    case 'unsigned':
      return [['mute', 'not signed']];
    case 'bad':
      return [['bad', '✗ bad signature']];
    case 'unknown':
      return [['warn', '? unknown signer']];
  }
  return signature satisfies never;
}
