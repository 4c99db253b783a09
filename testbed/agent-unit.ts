// Puts our agent on a machine as the NixOS module would: the module's own unit, evaluated there by Nix and written as NixOS
// writes units, its configuration file, and the program, which runs the checkout.
import { stringify } from 'smol-toml';
import * as z from 'zod';
import type { Machine } from './machine.ts';

/** Where a machine sees the checkout, and Node. */
export const CHECKOUT = '/opt/nixfleet';
export const NODE = '/usr/bin/node';

const PROGRAM = '/opt/nixfleet-agent';
const TOKEN = '/etc/nixfleet/token';

const setting = z.union([z.string(), z.number(), z.boolean()]);
const Settings = z.record(z.string(), z.union([setting, z.array(setting)]));
type Settings = z.infer<typeof Settings>;

/** What NixOS makes into a unit, as far as the module uses it. */
const Unit = z.strictObject({
  description: z.string(),
  wantedBy: z.array(z.string()),
  wants: z.array(z.string()),
  after: z.array(z.string()),
  restartIfChanged: z.boolean(),
  stopIfChanged: z.boolean(),
  path: z.array(z.string()),
  environment: z.record(z.string(), z.string()),
  unitConfig: Settings,
  serviceConfig: Settings,
});
type Unit = z.infer<typeof Unit>;

const Evaluated = z.object({ unit: Unit, settings: z.record(z.string(), z.unknown()) });

export type AgentOptions = { url: string; token: string; confirmMs: number };

/** Gives the unit's text; it runs once a system has it. */
export async function putAgent(machine: Machine, { url, token, confirmMs }: AgentOptions): Promise<string> {
  const options = {
    url,
    tokenFile: TOKEN,
    interval: 1,
    confirmWindow: Math.ceil(confirmMs / 1000),
    extraSettings: { allowInsecureHttp: true },
  };
  const { unit, settings } = await evaluate(machine, options);
  machine.write(TOKEN, `${token}\n`, 0o600);
  machine.write('/etc/nixfleet/agent.toml', stringify(settings));
  const program = `#!/bin/sh\nexec ${NODE} ${CHECKOUT}/apps/agent/src/main.ts "$@"\n`;
  machine.write(`${PROGRAM}/bin/nixfleet-agent`, program, 0o755);
  return unitText(unit);
}

async function evaluate(machine: Machine, options: object): Promise<z.infer<typeof Evaluated>> {
  const given = ['--argstr', 'options', JSON.stringify(options), '--argstr', 'program', PROGRAM];
  const file = `${CHECKOUT}/testbed/agent-unit.nix`;
  const r = await machine.run('nix-instantiate', '--eval', '--strict', '--json', '--store', 'dummy://', ...given, file);
  if (r.code !== 0) throw new Error(`the agent's module does not evaluate: ${r.stderr}`);
  return Evaluated.parse(JSON.parse(r.stdout));
}

/** A list is a line for each of its values. */
const lines = (settings: Settings): string[] =>
  Object.entries(settings).flatMap(([key, value]) => [value].flat().map((one) => `${key}=${String(one)}`));

function unitText({ description, wants, after, restartIfChanged, path, environment, unitConfig, serviceConfig }: Unit) {
  const folders = [...path, '/usr'].flatMap((root) => [`${root}/bin`, `${root}/sbin`]);
  const variables = { ...environment, PATH: [...new Set(folders)].join(':') };
  return [
    '[Unit]',
    `Description=${description}`,
    ...lines({ Wants: wants, After: after, ...unitConfig }),
    '[Service]',
    ...Object.entries(variables).map(([name, value]) => `Environment="${name}=${value}"`),
    ...lines(serviceConfig),
    `X-RestartIfChanged=${restartIfChanged}`,
    '',
  ].join('\n');
}
