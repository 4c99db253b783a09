// Health: the same path an agent uses, walked by the control plane itself.
import * as z from 'zod';
import { Millis } from './names.ts';

export const Health = z.object({ status: z.enum(['healthy', 'unhealthy']), version: z.string() });
export type Health = z.infer<typeof Health>;

export const ReconcilerStatus = z.object({
  name: z.string(),
  everyMs: z.int(),
  runs: z.int(),
  startedAt: Millis.nullable(),
  endedAt: Millis.nullable(),
  error: z.string().nullable(),
});
export const ReconcilerList = z.object({ reconcilers: z.array(ReconcilerStatus) });
