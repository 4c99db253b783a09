// Commits and signatures in words.
import type { TargetCommit } from '@nixfleet/contract/targets.ts';
import type * as z from 'zod';
import type { Span } from '../terminal/table.ts';

export const shortCommit = (commit: string): string => commit.slice(0, 7);

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
