// Starts an executor beside the agent, not below it: a unit, a launchd job or a process group of its own, so that it
// outlives the agent whose activation or restart it drives.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandOutput } from '@nixfleet/kit/command.ts';
import type { AgentConfig } from '../config.ts';
import { runFolder, stateFolder } from '../state/folder.ts';
import type { Environment } from './config.ts';
import { type ExecutorHost, thisHost } from './context.ts';

export type ExecutorKind = 'systemd' | 'launchd' | 'detached';
export type Mode = 'execute' | 'recover';
/** The agent's own program; `<mode> <run folder>` is appended. A bundle or a wrapper names itself here. */
export type Program = { file: string; args: readonly string[] };

const START_MS = 30_000;

/** `auto`: the service manager that would have a unit of ours, where one runs; other users than root have their own. */
export function executorKind(
  config: Pick<AgentConfig, 'executor'>,
  os: NodeJS.Platform,
  uid: number = process.getuid?.() ?? 0,
): ExecutorKind {
  if (config.executor !== 'auto') return config.executor;
  if (os === 'darwin') return 'launchd';
  return existsSync(uid === 0 ? '/run/systemd/system' : `/run/user/${uid}/systemd`) ? 'systemd' : 'detached';
}

const ownProgram = (): Program => ({
  file: process.execPath,
  args: [fileURLToPath(new URL('../main.ts', import.meta.url))],
});

/** Resolves when the executor was started; what it does from then on is told by its journal. */
export async function startExecutor(
  config: AgentConfig,
  runId: string,
  mode: Mode,
  program: Program = ownProgram(),
  host: ExecutorHost = thisHost(),
): Promise<void> {
  const { root } = runFolder(stateFolder(config.stateDir), runId);
  const name = mode === 'execute' ? runId : `${runId}-recover-${attempts(root) + 1}`;
  const log = join(root, `${mode === 'execute' ? 'execute' : name.slice(runId.length + 1)}.log`);
  closeSync(openSync(log, 'a', 0o600));
  const start: Start = { name, log, argv: [program.file, ...program.args, mode, root], host, root };
  const kind = executorKind(config, host.os, host.uid);
  switch (kind) {
    case 'systemd':
      return startUnit(start);
    case 'launchd':
      return startJob(start);
    case 'detached':
      return startGroup(start);
    default:
      return kind satisfies never;
  }
}

type Start = { name: string; log: string; argv: readonly string[]; host: ExecutorHost; root: string };

const attempts = (root: string): number => readdirSync(root).filter((n) => /^recover-\d+\.log$/.test(n)).length;

async function startUnit(start: Start): Promise<void> {
  await commandOutput('systemd-run', unitArguments(start), { deadlineMs: START_MS, env: start.host.env });
}

/** No `--scope` and no `--pipe`: with either it would end with the agent or with the agent's reading. */
export const unitArguments = ({ name, log, argv, host }: Start): string[] => [
  ...(host.uid === 0 ? [] : ['--user']),
  '--unit',
  `nixfleet-run-${name}`,
  '--collect',
  '--property=Type=exec',
  `--property=StandardOutput=append:${log}`,
  `--property=StandardError=append:${log}`,
  ...Object.entries(passedOn(host.env)).map(([key, value]) => `--setenv=${key}=${value}`),
  '--',
  ...argv,
];

/** A one-shot job under its own label; it takes its label away itself when it has ended. */
async function startJob({ name, log, argv, host, root }: Start): Promise<void> {
  const plist = join(root, `${name}.plist`);
  writeFileSync(plist, jobPlist(`org.nixfleet.run.${name}`, argv, log, passedOn(host.env)), { mode: 0o600 });
  await commandOutput('launchctl', ['bootstrap', launchdDomain(host.uid), plist], {
    deadlineMs: START_MS,
    env: host.env,
  });
}

export const launchdDomain = (uid: number): string => (uid === 0 ? 'system' : `gui/${uid}`);

function startGroup({ log, argv: [file = '', ...args], host }: Start): Promise<void> {
  const fd = openSync(log, 'a', 0o600);
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { detached: true, stdio: ['ignore', fd, fd], env: host.env, cwd: '/' });
    closeSync(fd);
    child.once('error', (cause) => reject(new Error(`could not start ${file}`, { cause })));
    child.once('spawn', () => {
      child.unref();
      resolve();
    });
  });
}

/** What the programs of a run need of the agent's environment. An allow list: units and jobs show theirs to everybody. */
const PASSED =
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_.*|TMPDIR|TZ|XDG_.*|NIX_.*|NIXPKGS_.*|GIT_SSH.*|SSH_AUTH_SOCK|SSL_CERT_FILE|CURL_CA_BUNDLE|LOCALE_ARCHIVE|DBUS_SESSION_BUS_ADDRESS|HTTPS?_PROXY|NO_PROXY|https?_proxy|no_proxy)$/;

export const passedOn = (env: Environment): Environment =>
  Object.fromEntries(Object.entries(env).filter(([name]) => PASSED.test(name)));

const escape = (s: string): string =>
  s.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

export function jobPlist(label: string, argv: readonly string[], log: string, env: Environment): string {
  const text = (s: string): string => `<string>${escape(s)}</string>`;
  const pairs = Object.entries(env).map(([k, v]) => `<key>${escape(k)}</key>${text(v)}`);
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
<key>Label</key>${text(label)}
<key>ProgramArguments</key><array>${argv.map(text).join('')}</array>
<key>EnvironmentVariables</key><dict>${pairs.join('')}</dict>
<key>RunAtLoad</key><true/>
<key>KeepAlive</key><false/>
<key>ProcessType</key><string>Background</string>
<key>StandardOutPath</key>${text(log)}
<key>StandardErrorPath</key>${text(log)}
</dict></plist>
`;
}
