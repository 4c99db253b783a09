// test: the host's own scripts, `hosts/<host>/tests/T*.sh` of the checkout, run as they always were: directly, in byte
// order, from the top of the checkout; exit status 0 passes.
import { accessSync, constants, existsSync, openSync, readdirSync, readSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import type { TestSummary } from '@nixfleet/contract/journal.ts';
import { DeployedDocument, readDocument, TestsDocument, writeDocument } from '../../state/documents.ts';
import { observePlaces } from '../../platforms/observe.ts';
import { runLogged } from '../child.ts';
import { hasCommit } from './fetch.ts';
import { done, failOrBack, keepForLater, needed, type Run, skipped, type Verdict } from '../run.ts';
import { type Checkout, checkOut } from './checkout.ts';

/** Whether this run tests at all; a deployment that asks for no tests has no such phase. */
export const wantsTests = (run: Run): boolean =>
  run.order.verb === 'test' || run.order.args.test === true || run.config.requireTests;

export async function runTests(run: Run): Promise<Verdict> {
  if (run.order.verb === 'rollback' && !(await layOutRollback(run)))
    return skipped('the commit of this generation is not known here');
  const checkout = needed(run.found.checkout, 'the checkout');
  const folder = join(checkout, 'hosts', run.config.hostname, 'tests');
  const scripts = scriptsIn(folder);
  const summary: TestSummary = { passed: 0, total: scripts.length, failed: [] };
  for (const [i, script] of scripts.entries()) {
    const name = script.replace(/\.sh$/, '').slice(0, 256);
    const place = { name, index: i + 1, total: scripts.length };
    run.journal.append({ kind: 'test', ...place, passed: summary.passed, ok: null, durationMs: 0 });
    const began = run.host.monotonic();
    const fault = unrunnable(join(folder, script)) ?? (await runScript(run, checkout, join(folder, script)));
    if (run.stops.why !== undefined) return failOrBack(run, `${name} was stopped`);
    if (fault === undefined) summary.passed += 1;
    else summary.failed.push(name);
    const durationMs = Math.round(run.host.monotonic() - began);
    const end = { passed: summary.passed, ok: fault === undefined, durationMs };
    run.journal.append({ kind: 'test', ...place, ...end, ...(fault === undefined ? {} : { reason: fault }) });
  }
  keep(run, summary);
  if (summary.failed.length > 0) return failOrBack(run, `tests failed: ${summary.failed.join(', ')}`.slice(0, 2000));
  return done(summary.total === 0 ? 'no tests found' : `${summary.passed}/${summary.total} pass`);
}

/** Byte order, as a shell in the C locale globs them. */
function scriptsIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /^T.*\.sh$/s.test(name))
    .toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** Why a script cannot be executed directly; a shell would say only "not found" or try to read it itself. */
function unrunnable(path: string): string | undefined {
  try {
    accessSync(path, constants.X_OK);
  } catch {
    return 'it is not executable: chmod +x it in the repository';
  }
  const start = Buffer.alloc(2);
  const fd = openSync(path, 'r');
  try {
    readSync(fd, start, 0, 2, 0);
  } finally {
    closeSync(fd);
  }
  return start.toString('latin1') === '#!' ? undefined : 'it does not begin with #! and an interpreter';
}

async function runScript(run: Run, cwd: Checkout, path: string): Promise<string | undefined> {
  const deadlineMs = run.config.testDeadlineMs;
  const r = await runLogged(run, 'test', [path], {
    deadlineMs,
    cwd,
    graceMs: 2000,
    endsGroup: true,
  });
  if (r.timedOut) return `it took longer than ${deadlineMs / 1000} s`;
  if (r.signal !== null) return `it was ended by ${r.signal}`;
  return r.code === 0 ? undefined : `exit code ${r.code}`;
}

function keep(run: Run, summary: TestSummary): void {
  run.found.tests = summary;
  const storePath = observePlaces(run.places).running;
  const at = Math.round(run.host.now());
  keepForLater(run, () => writeDocument(run.state.tests, TestsDocument, { ...summary, storePath, at }));
}

/** A rollback builds nothing; its tests are those of the commit its generation came from. */
async function layOutRollback(run: Run): Promise<boolean> {
  const { to } = run.found;
  const commit = to === undefined ? undefined : readDocument(run.state.deployed, DeployedDocument)?.commits[to];
  if (commit === undefined || !existsSync(run.state.mirror) || !(await hasCommit(run, commit))) return false;
  run.found.checkout = await checkOut(run, commit, 'test');
  return true;
}
