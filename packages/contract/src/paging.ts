// Keyset paging: `after` is the opaque cursor a page gave as `next`; a page without `next` is the last.
import * as z from 'zod';

export const PageQuery = z.object({
  after: z.string().max(500).optional().describe('cursor: the `next` of the page before'),
  limit: z.coerce.number().int().min(1).max(500).default(100).describe('rows per page, 1–500'),
});
export type PageQuery = z.infer<typeof PageQuery>;

export const next = z.string().optional().describe('cursor of the next page; absent on the last');
