// Git as an executor uses it: never asks anybody, never runs a hook or a remote helper, never lets one object stand for
// another.
import type { Command } from '../platforms/table.ts';

const settings = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'protocol.ext.allow=never',
  'submodule.recurse=false',
  'advice.detachedHead=false',
  'gc.auto=0',
  'http.lowSpeedLimit=1000',
  'http.lowSpeedTime=30',
];

export const git = (folder: string | null, ...args: string[]): Command => [
  'git',
  ...(folder === null ? [] : ['-C', folder]),
  ...settings.flatMap((s) => ['-c', s]),
  ...args,
];

export const gitEnvironment = (env: Record<string, string>): Record<string, string> => ({
  GIT_ALLOW_PROTOCOL: 'https:http:ssh:git:file',
  GIT_TERMINAL_PROMPT: '0',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_SSH_COMMAND: env['GIT_SSH_COMMAND'] ?? 'ssh -o BatchMode=yes -o ConnectTimeout=20',
  LC_ALL: 'C',
});
