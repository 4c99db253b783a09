// The state folder: every file the agent and its executors keep on the host, by name. The agent and an executor meet only
// here, never over a socket, so either may die at any instruction and be started again.
import { join } from 'node:path';

/**
 * ```
 * key.pem      Ed25519 private key made on this host (0600)      host.json    {hostId, name} from enrolment
 * token        this host's bearer token (0600)                   agent.json   the agent process alive now: {pid, startTime, instance}
 * mirror.git   bare mirror of the configuration repository       pulled.json  {commit, at}: what `switch` would deploy
 * deployed.json  which commit each deployed closure came from, and the last one confirmed
 * tests.json   the last test summary and its closure             quarantine.json  closures rolled back, until when and why
 * runs/<id>/   one run, see `runFolder`
 * ```
 */
export const stateFolder = (root: string) => ({
  root,
  key: join(root, 'key.pem'),
  host: join(root, 'host.json'),
  token: join(root, 'token'),
  agent: join(root, 'agent.json'),
  mirror: join(root, 'mirror.git'),
  pulled: join(root, 'pulled.json'),
  deployed: join(root, 'deployed.json'),
  tests: join(root, 'tests.json'),
  quarantine: join(root, 'quarantine.json'),
  runs: join(root, 'runs'),
});
export type StateFolder = ReturnType<typeof stateFolder>;

/**
 * ```
 * order.json    what was asked, and the agent config the executor works by; written by the agent before anything starts
 * started      made, once and for all, by the one executor that may execute this run; says which process it is
 * recovering-N made by the N-th executor that brings the run to its end; the highest N holds it
 * executor.json {pid, startTime, bootId} of the executor alive now, also of one that recovers the run
 * journal.jsonl the run's entries, one JSON object a line, fsynced
 * cancel        made by the agent: stop if nothing has changed yet
 * confirm       made by the agent: `yes` (the control plane heard of us) or `no` (it refuses: go back at once)
 * shipped       {next}: entries the control plane has stored; a hint, the control plane's own answer decides
 * settled       the result is stored at the control plane; the folder may go
 * child.json    the program the executor runs now, so that a recovery can end what outlived its executor
 * before.json   the units that had failed before the host was changed
 * restarting.json  the agent process that was asked to restart
 * reserve       room on the disk, given up when it is full
 * result, previous  links that keep the new and the previous closure from being collected
 * checkout/     the commit's files, made for this run and removed with it
 * ```
 */
export const runFolder = (state: StateFolder, runId: string) => {
  const root = join(state.runs, runId);
  return {
    id: runId,
    root,
    order: join(root, 'order.json'),
    started: join(root, 'started'),
    executor: join(root, 'executor.json'),
    journal: join(root, 'journal.jsonl'),
    cancel: join(root, 'cancel'),
    confirm: join(root, 'confirm'),
    shipped: join(root, 'shipped'),
    settled: join(root, 'settled'),
    child: join(root, 'child.json'),
    before: join(root, 'before.json'),
    restarting: join(root, 'restarting.json'),
    reserve: join(root, 'reserve'),
    result: join(root, 'result'),
    previous: join(root, 'previous'),
    checkout: join(root, 'checkout'),
  };
};
export type RunFolder = ReturnType<typeof runFolder>;
