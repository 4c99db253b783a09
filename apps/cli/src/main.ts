#!/usr/bin/env node
// `nixfleet`, the operator's command line: streams, signals and the clock of this process, and the exit status at its end.
import { readFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import { exit, Failure, failureLines } from './api/failure.ts';
import { readSettings } from './config.ts';
import type { Context } from './context.ts';
import { makeProgram } from './program.ts';
import { makeScreen } from './terminal/screen.ts';
import { manyLines } from './terminal/text.ts';

export async function main(argv: readonly string[]): Promise<number> {
  const settings = readSettings(process.env);
  const stop = new AbortController();
  const ctx = makeContext(argv, settings, stop.signal);
  process.once('SIGINT', () => stop.abort());
  process.once('SIGTERM', () => stop.abort());
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // The reader went away, as `head` does: there is nobody left to tell.
      if (error.code === 'EPIPE') process.exit(128 + 13);
      throw error;
    });
  try {
    await makeProgram(ctx, version()).parseAsync(argv, { from: 'user' });
    return ctx.status;
  } catch (error) {
    return statusOf(error, ctx);
  }
}

function makeContext(
  argv: readonly string[],
  settings: ReturnType<typeof readSettings>,
  stopped: AbortSignal,
): Context {
  const options = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
  const wish = { ...settings, off: options.includes('--no-color') };
  return {
    settings,
    out: makeScreen(process.stdout, wish),
    err: makeScreen(process.stderr, wish),
    keyboard: process.stdin,
    now: () => Date.now(),
    random: () => Math.random(),
    stopped,
    status: 0,
  };
}

function statusOf(error: unknown, ctx: Context): number {
  // Commander has said what it had to say: help and version are no failure, everything else is usage.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exit.usage;
  if (ctx.stopped.aborted || (error instanceof DOMException && error.name === 'AbortError')) return exit.stopped;
  if (error instanceof Failure) {
    ctx.err.lines(failureLines(error, ctx.err.paint));
    return error.status;
  }
  ctx.err.lines([
    `${ctx.err.paint('bad', '✗')} nixfleet has a fault`,
    ...manyLines(String(error instanceof Error ? error.stack : error)).split('\n'),
  ]);
  return exit.internal;
}

function version(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  }; // our own file
  return version;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
