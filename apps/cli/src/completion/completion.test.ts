// The completion scripts in their shells, and what they are told about the fleet.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Cli, makeCli } from '../testing/cli.ts';
import { startControl, type TestControl } from '../testing/control.ts';
import { aHost, aRun, TOKEN } from '../testing/worlds.ts';

type World = { cli: Cli; control: TestControl; complete: (line: string) => Promise<string[]> };
const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

async function world(use: (w: World) => Promise<void>): Promise<void> {
  const control = await startControl([aHost({ n: 1 }), aHost({ n: 2 })], [aRun({ n: 7 })]);
  const cli = makeCli({ NIXFLEET_URL: control.url, NIXFLEET_TOKEN: TOKEN });
  const script = join(cli.env['HOME'] ?? '', 'complete.bash');
  const program = join(cli.env['HOME'] ?? '', 'nixfleet');
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`);
  chmodSync(program, 0o755);
  writeFileSync(script, (await cli.run(['completion', 'bash'])).out);
  const complete = async (line: string): Promise<string[]> => {
    const ask =
      'source "$1"; read -ra COMP_WORDS <<< "$2"; [[ $2 == *" " ]] && COMP_WORDS+=(""); COMP_WORDS[0]=$3; COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _nixfleet; printf "%s\\n" "${COMPREPLY[@]}"';
    const ran = await cli.shell('bash', ['--norc', '-c', ask, 'bash', script, line, program]);
    return ran.out
      .split('\n')
      .filter((l) => l !== '')
      .toSorted();
  };
  try {
    await use({ cli, control, complete });
  } finally {
    cli.remove();
    await control.close();
  }
}

test('the scripts are what their shells can read', () =>
  world(async ({ cli }) => {
    for (const shell of ['bash', 'zsh', 'fish']) {
      const { out, code } = await cli.run(['completion', shell]);
      assert.equal(code, 0);
      const checked = spawnSync(shell, ['-n'], { input: out, encoding: 'utf8', timeout: 10_000 });
      // bash is everywhere we run; the others only where somebody uses them.
      if (shell !== 'bash' && checked.error) continue;
      assert.deepEqual([checked.status, checked.stderr], [0, ''], shell);
    }
  }));

test('in bash a Tab offers commands, options, choices and names that the control plane knows', () =>
  world(async ({ complete }) => {
    assert.deepEqual(await complete('nixfleet ho'), ['host', 'hosts']);
    assert.deepEqual(await complete('nixfleet target re'), ['refresh', 'remove']);
    assert.deepEqual(await complete('nixfleet run pull'), ['pull', 'pull-switch']);
    assert.deepEqual(await complete('nixfleet run --test pull-switch web1 '), ['web1', 'web2']);
    assert.deepEqual(await complete('nixfleet run pull-switch --wa'), ['--watch']);
    assert.deepEqual(await complete('nixfleet hosts --state on'), ['online']);
    assert.deepEqual(await complete('nixfleet show '), ['00000007', 'web1']);
    assert.deepEqual(await complete('nixfleet --server x host web2 ro'), ['rotate-token']);
    assert.ok(!(await complete('nixfleet ')).some((word) => word.startsWith('_')), 'what is hidden stays hidden');
  }));

test('a name that a shell could take for code is never offered', () =>
  world(async ({ cli, control, complete }) => {
    const url = '/srv/x';
    const names = ['fleet', '$(touch owned)', '`id`', 'a;b', '-rf', 'x\ty'];
    const targets = names.map((name, n) => ({
      id: `target_019a0000-0000-7000-8000-00000000000${n}`,
      name,
      url,
      branch: 'main',
      head: null,
      fetchedAt: null,
      error: null,
      hosts: 0,
    }));
    control.answers.set('GET /api/targets', { targets });
    assert.equal((await cli.run(['__complete', 'targets'])).out, 'fleet\t/srv/x\n');
    assert.deepEqual(await complete('nixfleet target remove '), ['fleet']);
  }));

test('completion that cannot reach anybody offers nothing and says nothing', async () => {
  const cli = makeCli();
  try {
    const { code, out, err } = await cli.run(['__complete', 'hosts']);
    assert.deepEqual([code, out, err], [0, '', '']);
  } finally {
    cli.remove();
  }
});
