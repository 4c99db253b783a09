// Git as the sample repository is written with: a fixed author, nobody's configuration, no prompt.
import { commandOutput } from '@nixfleet/kit/command.ts';

const settings = [
  'user.name=Sample Fleet',
  'user.email=fleet@example.com',
  'commit.gpgsign=false',
  'init.defaultBranch=main',
];

/** Runs git in `folder` and gives what it printed, without the last line end. */
export async function git(folder: string, path: string, ...args: string[]): Promise<string> {
  const output = await commandOutput('git', [...settings.flatMap((s) => ['-c', s]), ...args], {
    cwd: folder,
    deadlineMs: 60_000,
    env: { PATH: path, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null', GIT_TERMINAL_PROMPT: '0' },
  });
  return output.trimEnd();
}
