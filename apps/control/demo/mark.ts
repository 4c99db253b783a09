// A running process on disk: its pid with the time the kernel says it began, so that a pid that was given to another
// process is not taken for ours.
import { rmSync } from 'node:fs';
import * as z from 'zod';
import { readFileIfPresent, writeFileAtomic } from '@nixfleet/kit/atomic-file.ts';
import { runCommand } from '@nixfleet/kit/command.ts';

const Mark = z.object({ pid: z.int().min(1), started: z.string() });

/** Field 22 of proc_pid_stat(5) where there is /proc, else what ps(1) says. The name in field 2 may hold anything. */
async function startedAt(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') {
    const r = await runCommand('ps', ['-o', 'lstart=', '-p', String(pid)], { deadlineMs: 5000 });
    return r.code === 0 ? r.stdout.trim() : undefined;
  }
  const stat = readFileIfPresent(`/proc/${pid}/stat`);
  const [state, ...fields] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  return state === 'Z' ? undefined : fields[18];
}

export async function mark(file: string, pid: number): Promise<void> {
  writeFileAtomic(file, JSON.stringify({ pid, started: (await startedAt(pid)) ?? '' }));
}

export const unmark = (file: string): void => rmSync(file, { force: true });

/** The pid of the marked process while that very process lives. */
export async function marked(file: string): Promise<number | undefined> {
  const text = readFileIfPresent(file);
  const found = text === undefined ? undefined : Mark.safeParse(JSON.parse(text));
  if (!found?.success) return undefined;
  return (await startedAt(found.data.pid)) === found.data.started ? found.data.pid : undefined;
}
