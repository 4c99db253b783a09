// Git as an executor uses it: never asks anybody, never runs a hook or a remote helper, never lets one object stand for
// another.
import type { Command } from '../../platforms/table.ts';
import type { Environment } from '../config.ts';

const settings = {
  'core.hooksPath': '/dev/null',
  'core.fsmonitor': 'false',
  'protocol.ext.allow': 'never',
  'submodule.recurse': 'false',
  'advice.detachedHead': 'false',
  'gc.auto': '0',
  'http.lowSpeedLimit': '1000',
  'http.lowSpeedTime': '30',
};

export const git = (folder: string | null, ...args: string[]): Command => [
  'git',
  ...(folder === null ? [] : ['-C', folder]),
  ...args,
];

/** In a bare repository, and in no other: where it is damaged, Git must not take one that lies around it instead. */
export const bareGit = (repository: string, ...args: string[]): Command =>
  git(null, `--git-dir=${repository}`, ...args);

/** To be put over the executor's environment; the settings win over every configuration file. */
export const gitEnvironment = (env: Environment): Environment => ({
  GIT_ALLOW_PROTOCOL: 'https:http:ssh:git:file',
  GIT_TERMINAL_PROMPT: '0',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_SSH_COMMAND: env['GIT_SSH_COMMAND'] ?? 'ssh -o BatchMode=yes -o ConnectTimeout=20',
  LC_ALL: 'C',
  GIT_CONFIG_COUNT: String(Object.keys(settings).length),
  ...Object.fromEntries(
    Object.entries(settings).flatMap(([key, value], i) => [
      [`GIT_CONFIG_KEY_${i}`, key],
      [`GIT_CONFIG_VALUE_${i}`, value],
    ]),
  ),
});
