// Targets: configuration repositories and what their branch points to. The control plane fetches them itself.
import * as z from 'zod';
import { Branch, Commit, Millis, RepositoryUrl, TargetId } from './names.ts';
import { next, PageQuery } from './paging.ts';

/** signed: a signature that the configured signers accept; unknown: a signature nobody here can judge. */
export const SignatureStatus = z.enum(['signed', 'unsigned', 'bad', 'unknown']);

export const TargetCommit = z.object({
  commit: Commit,
  subject: z.string(),
  author: z.string(),
  /** Author date. */
  at: Millis,
  signature: SignatureStatus,
  signer: z.string().nullable(),
});
export type TargetCommit = z.infer<typeof TargetCommit>;

export const Target = z.object({
  id: TargetId,
  name: z.string(),
  url: RepositoryUrl,
  branch: Branch,
  /** The branch’s newest commit, once fetched. */
  head: TargetCommit.nullable(),
  fetchedAt: Millis.nullable().describe('last fetch that worked'),
  /** Why the last fetch did not work; null when it did. */
  error: z.string().nullable(),
  hosts: z.int(),
});
export type Target = z.infer<typeof Target>;

export const CreateTarget = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,62}$/, { message: 'expected lower-case letters, digits and -, at most 63' }),
  url: RepositoryUrl,
  branch: Branch.default('main'),
});
export type CreateTarget = z.infer<typeof CreateTarget>;

export const TargetList = z.object({ targets: z.array(Target) });
export const CommitQuery = PageQuery;
export const CommitPage = z.object({ commits: z.array(TargetCommit), next });
export type CommitPage = z.infer<typeof CommitPage>;
