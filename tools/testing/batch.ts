// Runs one batch of test files with node:test in a process of its own and reports each file in a line: started by
// tools/test.ts with a JSON argument, it sends the counts to its parent.
import { relative } from 'node:path';
import { run } from 'node:test';
import { inspect } from 'node:util';
import * as z from 'zod';

export const BatchOrder = z.object({
  root: z.string(),
  files: z.array(z.string()),
  together: z.boolean(),
  /** Only tests whose name matches. */
  name: z.string().nullable(),
  /** Files at once, when each has a process. */
  concurrency: z.int().min(1),
});
export type BatchOrder = z.infer<typeof BatchOrder>;

export const Counts = z.object({ passed: z.int(), failed: z.int(), skipped: z.int(), failures: z.array(z.string()) });
export type Counts = z.infer<typeof Counts>;

/** Of a whole file where each has a process; tests that wait have shorter ones of their own. */
const DEADLINE_MS = 30 * 60_000;

type Ended = {
  name: string;
  nesting: number;
  file?: string | undefined;
  skip?: string | boolean | undefined;
  todo?: string | boolean | undefined;
  details: { duration_ms: number; type?: string | undefined; error?: Error | undefined };
};

/** An assertion's own message shows the difference; its fields would only repeat it. */
const explain = (error: unknown): string =>
  error instanceof Error && error.name === 'AssertionError'
    ? (error.stack ?? error.message)
    : inspect(error, { depth: 4 });

/** Counts and prints what a stream of test events says. */
function reporter(root: string, print: (line: string) => void) {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0, failures: [] };
  const path: string[] = [];
  const said = new Map<string, string[]>();
  let current: { file: string; passed: number; failed: number; skipped: number; ms: number } | undefined;

  const name = (file: string | undefined): string => (file === undefined ? '?' : relative(root, file));

  const flush = (): void => {
    if (!current) return;
    const { file, passed, failed, skipped, ms } = current;
    const rest = `${failed > 0 ? `, ${failed} failed` : ''}${skipped > 0 ? `, ${skipped} skipped` : ''}`;
    print(`  ${failed > 0 ? '✖' : '✔'} ${file}  ${passed} passed${rest}  (${Math.round(ms)} ms)`);
    if (failed > 0) for (const line of said.get(file) ?? []) print(`    | ${line}`);
    current = undefined;
  };

  const at = (file: string): NonNullable<typeof current> => {
    if (current?.file !== file) flush();
    return (current ??= { file, passed: 0, failed: 0, skipped: 0, ms: 0 });
  };

  const ended = (e: Ended, ok: boolean): void => {
    const where = at(name(e.file));
    if (e.nesting === 0) where.ms += e.details.duration_ms;
    const error = e.details.error;
    // A suite or a parent fails because of its children, which were counted.
    const ofChildren = error !== undefined && 'failureType' in error && error.failureType === 'subtestsFailed';
    if (e.details.type === 'suite' ? ok || ofChildren : ofChildren) return;
    if (e.skip !== undefined || e.todo !== undefined) {
      counts.skipped += 1;
      where.skipped += 1;
    } else if (ok) {
      counts.passed += 1;
      where.passed += 1;
    } else {
      counts.failed += 1;
      where.failed += 1;
      const title = [...path.slice(0, e.nesting), e.name].join(' › ');
      counts.failures.push(`${where.file} › ${title}`);
      print(`  ✖ ${title}`);
      for (const line of explain(error?.cause ?? error).split('\n'))
        if (!line.includes('node:internal/')) print(`      ${line}`);
    }
  };

  return {
    counts,
    started: (e: { name: string; nesting: number }) => {
      path[e.nesting] = e.name;
    },
    passed: (e: Ended) => ended(e, true),
    failed: (e: Ended) => ended(e, false),
    wrote: (e: { file?: string | undefined; message: string }) => {
      const lines = said.get(name(e.file)) ?? [];
      said.set(name(e.file), [...lines, ...e.message.trimEnd().split('\n')].slice(-200));
    },
    flush,
  };
}

async function runBatch(order: BatchOrder, print: (line: string) => void): Promise<Counts> {
  const report = reporter(order.root, print);
  const stream = run({
    files: order.files,
    cwd: order.root,
    isolation: order.together ? 'none' : 'process',
    ...(order.together ? {} : { concurrency: order.concurrency }),
    timeout: DEADLINE_MS,
    ...(order.name === null ? {} : { testNamePatterns: [new RegExp(order.name)] }),
  });
  stream.on('test:start', report.started);
  stream.on('test:pass', report.passed);
  stream.on('test:fail', report.failed);
  stream.on('test:stdout', report.wrote);
  stream.on('test:stderr', report.wrote);
  for await (const _ of stream);
  report.flush();
  return report.counts;
}

if (import.meta.main) {
  const counts = await runBatch(BatchOrder.parse(JSON.parse(process.argv[2] ?? '{}')), (line) => console.log(line));
  process.send?.(counts, () => {
    process.disconnect?.();
    // Unreferenced, so it only fires when something else keeps the process alive.
    const leak = setTimeout(() => {
      console.log(`  ✖ the tests ended, but these are still open: ${process.getActiveResourcesInfo().join(', ')}`);
      process.exit(1);
    }, 5000);
    leak.unref();
  });
}
