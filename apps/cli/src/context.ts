// What every command works with: the streams, the clock and chance, who we talk to, and how it shall end.
import type { Settings } from './config.ts';
import type { Screen } from './terminal/screen.ts';

export type Keyboard = NodeJS.ReadStream & { fd: 0 };

export type Context = {
  settings: Settings;
  out: Screen;
  err: Screen;
  keyboard: Keyboard;
  now: () => number;
  random: () => number;
  /** Aborted by Ctrl-C. */
  stopped: AbortSignal;
  /** The exit status so far; the last word is `main`’s. */
  status: number;
};

/** `--json`: one document, and nothing else on stdout. */
export const printJson = (ctx: Context, value: unknown): void => ctx.out.raw(`${JSON.stringify(value, null, 2)}\n`);
/** Streams with `--json`: one document a line. */
export const printJsonLine = (ctx: Context, value: unknown): void => ctx.out.raw(`${JSON.stringify(value)}\n`);
