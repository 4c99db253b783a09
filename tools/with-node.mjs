#!/usr/bin/env node
// Runs a script of this repository with its dependencies and its Node in place: `node tools/with-node.mjs SCRIPT [ARG…]`.
// Plain JavaScript for Node 20 and later, because it is what finds the newer one (decision 5).
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, 'node_modules', '.bin');
const minimum = [24, 12];
const installDeadlineMs = 15 * 60_000;

const say = (text) => process.stderr.write(`${text}\n`);

function fail(text) {
  say(text);
  process.exit(1);
}

function packagesOf(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch {
    // Absent or torn by an interrupted installation: nothing is installed.
    return undefined;
  }
}

/** Whether what npm recorded in node_modules is what the lock file asks for; other platforms' packages may be absent. */
function installed() {
  const wanted = packagesOf(join(root, 'package-lock.json'));
  const found = packagesOf(join(root, 'node_modules', '.package-lock.json'));
  if (!wanted || !found) return false;
  const same = (a, b) => a.version === b.version && a.integrity === b.integrity;
  return (
    Object.entries(wanted).every(([path, p]) => path === '' || (found[path] ? same(found[path], p) : p.optional)) &&
    Object.keys(found).every((path) => wanted[path])
  );
}

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

const pause = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

/** Holds `.data/install.lock` while `work` runs; waits for another holder that lives, and takes over from one that died. */
function alone(work) {
  const path = join(root, '.data', 'install.lock');
  mkdirSync(dirname(path), { recursive: true });
  const deadline = Date.now() + installDeadlineMs;
  for (let told = false; ; pause(250)) {
    try {
      const fd = openSync(path, 'wx');
      writeSync(fd, String(process.pid));
      closeSync(fd);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = Number(existsSync(path) ? readFileSync(path, 'utf8') : 0);
    if (holder > 0 && !alive(holder) && existsSync(path)) unlinkSync(path);
    if (Date.now() > deadline) fail(`${path} has been held for too long; if no installation runs, remove it`);
    if (!told && holder > 0) say(`waiting for another installation (process ${holder}) …`);
    told ||= holder > 0;
  }
  try {
    return work();
  } finally {
    unlinkSync(path);
  }
}

/** npm as it started us, so that a version manager's npm is used; else the one on PATH. */
const npm = () =>
  process.env.npm_execpath?.endsWith('.js') ? [process.execPath, [process.env.npm_execpath]] : ['npm', []];

function install() {
  alone(() => {
    if (installed()) return;
    const count = Object.keys(packagesOf(join(root, 'package-lock.json')) ?? {}).length;
    say(`installing dependencies (npm ci, at most ${count} packages) …`);
    const started = Date.now();
    const [file, args] = npm();
    const { status, error } = spawnSync(file, [...args, 'ci', '--loglevel=error', '--no-audit', '--no-fund'], {
      cwd: root,
      stdio: ['ignore', process.stderr.fd, process.stderr.fd],
      timeout: installDeadlineMs,
    });
    if (error) fail(`could not run npm: ${error.message}. Install Node 20 or later with npm, then try again.`);
    if (status !== 0)
      fail('npm ci failed, see above; check the network or the registry in your npm settings, then try again');
    say(`dependencies installed in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  });
}

const newEnough = (version) => {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  return major > minimum[0] || (major === minimum[0] && minor >= minimum[1]);
};

/** The pinned Node; where npm has none for this platform, the one that runs us, if it is new enough. */
function nodeToUse() {
  const pinned = join(bin, 'node');
  const asked = spawnSync(pinned, ['--version'], { encoding: 'utf8', timeout: 30_000 });
  if (asked.status === 0 && newEnough(asked.stdout.trim())) return pinned;
  if (newEnough(process.version)) return process.execPath;
  return fail(
    `this needs Node ${minimum.join('.')} or later: npm has no pinned Node for ${process.platform}-${process.arch}, and ` +
      `${process.version} runs this. Install Node 26 from https://nodejs.org, then try again.`,
  );
}

function run(node, args) {
  const child = spawn(node, args, {
    stdio: 'inherit',
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => {
      // A terminal sends Ctrl-C to the whole group, so the child has it already.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  child.once('error', (error) => fail(`could not start ${node}: ${error.message}`));
  child.once('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

const [script, ...rest] = process.argv.slice(2);
if (!script) fail('usage: node tools/with-node.mjs SCRIPT [ARG…]');
if (!installed()) install();
run(nodeToUse(), [join(root, script), ...rest]);
