// What a run's programs wrote, as text or as journal entries, to the end so far or to the end of the run.
import type { JournalEntry } from '@nixfleet/contract/journal.ts';
import { JournalPage, type Run } from '@nixfleet/contract/runs.ts';
import { isOutcome } from '@nixfleet/contract/words.ts';
import { type Api, get, open, unreachable } from '../api/client.ts';
import { type Context, printJson, printJsonLine } from '../context.ts';
import type { Screen } from '../terminal/screen.ts';
import { outputLines } from '../terminal/text.ts';
import { followRun } from './follow.ts';
import { entryLines } from './journal-text.ts';
import { worstExit } from './outcome.ts';

const DEADLINE_MS = 120_000;
const PAGE = 5000;

const isText = (entry: JournalEntry): boolean => entry.kind === 'output' || entry.kind === 'gap';

export async function printOutput(
  ctx: Context,
  api: Api,
  run: Run,
  options: { follow?: true; json?: true },
): Promise<void> {
  if (options.follow) return followOutput(ctx, api, run, options.json === true);
  if (options.json) return printJson(ctx, { runId: run.id, entries: (await journalOf(api, run)).filter(isText) });
  await printText(ctx, api, run);
}

async function followOutput(ctx: Context, api: Api, run: Run, json: boolean): Promise<void> {
  const ended = await followRun(api, run.id, {
    onEntry: (entry) => {
      if (!isText(entry)) return;
      if (json) printJsonLine(ctx, entry);
      else ctx.out.lines(textLines(entry, ctx.out));
    },
    onRun: () => undefined,
    onConnection: (state) => {
      ctx.err.lines([
        ctx.err.paint('warn', state === 'lost' ? '! Connection lost, trying again' : '! Connection is back'),
      ]);
    },
    now: ctx.now,
    random: ctx.random,
  });
  ctx.status = isOutcome(ended.state) ? worstExit([ended.state]) : 0;
}

function textLines(entry: JournalEntry, { paint, colour }: Screen): string[] {
  return entry.kind === 'output'
    ? outputLines(entry.text, colour)
    : entryLines(entry, { paint, colour, spelled: false });
}

/** The server's text as it comes, made safe line by line; nothing is held but an unfinished line. */
async function printText(ctx: Context, api: Api, run: Run): Promise<void> {
  const signal = AbortSignal.any([api.signal, AbortSignal.timeout(DEADLINE_MS)]);
  const path = `/api/runs/${encodeURIComponent(run.id)}/output`;
  const response = await open(api, 'GET', path, { headers: { accept: 'text/plain' } }, signal);
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const bytes of response.body ?? []) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      ctx.out.lines(lines.flatMap((line) => outputLines(line.replace(/\r$/, ''), ctx.out.colour)));
    }
  } catch (cause) {
    api.signal.throwIfAborted();
    throw unreachable(api, cause);
  }
  rest += decoder.decode();
  if (rest !== '') ctx.out.lines(outputLines(rest, ctx.out.colour));
}

async function journalOf(api: Api, run: Run): Promise<JournalEntry[]> {
  const all: JournalEntry[] = [];
  for (let after = -1; ;) {
    const page = await get(api, `/api/runs/${encodeURIComponent(run.id)}/journal`, JournalPage, { after, limit: PAGE });
    all.push(...page.entries);
    if (page.entries.length === 0 || page.last <= after) return all;
    after = page.last;
  }
}
