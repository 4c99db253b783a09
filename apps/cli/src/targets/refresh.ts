// Has the control plane fetch its targets now. It waits for its repositories, which may be slow.
import { type Target, TargetList } from '@nixfleet/contract/targets.ts';
import { type Api, request } from '../api/client.ts';

const DEADLINE_MS = 60_000;

export const refreshTargets = async (api: Api): Promise<Target[]> =>
  (await request(api, 'POST', '/api/targets/refresh', TargetList, { deadlineMs: DEADLINE_MS })).targets;
