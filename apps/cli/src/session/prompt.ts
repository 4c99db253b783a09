// Secrets on their way in: from a pipe, or typed at a terminal that shows nothing of them.
import { usage } from '../api/failure.ts';
import type { Context, Keyboard } from '../context.ts';

const MAX_SECRET = 4096;

/** All of stdin, without the line end that `echo` and files add. */
export async function readPiped(ctx: Context): Promise<string> {
  let text = '';
  for await (const piece of ctx.keyboard.setEncoding('utf8')) {
    text += piece;
    if (text.length > MAX_SECRET) throw usage('What came on stdin is too long for a secret');
  }
  const secret = text.replace(/\r?\n$/, '');
  if (secret === '') throw usage('Nothing came on stdin', 'pipe the secret in, e.g. from a file: … < secret');
  return secret;
}

/** Asks at the terminal, without echo. */
export async function askSecret(ctx: Context, question: string): Promise<string> {
  const { keyboard } = ctx;
  if (!keyboard.isTTY)
    throw usage(
      'There is no terminal to ask for the password',
      'pipe it in with --password-stdin, or a token with --token-stdin',
    );
  // Silent before it asks: a fast typist must not be echoed.
  keyboard.setRawMode(true);
  ctx.err.raw(`${question}: `);
  try {
    return await typedLine(keyboard, ctx.stopped);
  } finally {
    keyboard.setRawMode(false);
    keyboard.pause();
    ctx.err.raw('\n');
  }
}

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
const CTRL_U = '\u0015';
const DELETE = '\u007f';

/** What is typed up to Enter, edited as terminals do it; in raw mode their keys come to us. */
function typedLine(keyboard: Keyboard, stopped: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed = '';
    const stop = (): void => settle(() => reject(new DOMException('stopped at the prompt', 'AbortError')));
    const settle = (then: () => void): void => {
      keyboard.off('data', onPiece).off('end', stop);
      stopped.removeEventListener('abort', stop);
      then();
    };
    const onPiece = (piece: string): void => {
      for (const key of piece) {
        if (key === '\r' || key === '\n') return settle(() => resolve(typed));
        if (key === CTRL_C || (key === CTRL_D && typed === '')) return stop();
        if (key === DELETE || key === '\b') typed = Array.from(typed).slice(0, -1).join('');
        else if (key === CTRL_U) typed = '';
        else if (key >= ' ' && typed.length < MAX_SECRET) typed += key;
      }
    };
    keyboard.setEncoding('utf8').on('data', onPiece).on('end', stop).resume();
    if (stopped.aborted) stop();
    else stopped.addEventListener('abort', stop, { once: true });
  });
}

/** What is dangerous asks for the name once more, typed; a mismatch is a refusal, not an accident. */
export async function confirmName(ctx: Context, name: string, question: string): Promise<void> {
  const { keyboard } = ctx;
  if (!keyboard.isTTY) throw usage('There is no terminal to confirm at', 'add --yes where you are sure');
  ctx.err.raw(`${question}: `);
  const typed = await new Promise<string>((resolve, reject) => {
    keyboard.setEncoding('utf8').once('data', (line: string) => resolve(line.trim()));
    keyboard.once('end', () => resolve(''));
    ctx.stopped.addEventListener('abort', () => reject(ctx.stopped.reason as Error), { once: true });
    keyboard.resume();
  }).finally(() => keyboard.pause());
  if (typed !== name) throw usage('The name did not match; nothing was changed');
}
