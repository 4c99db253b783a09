// The page of verbs, phases, deadlines and outcomes, from the contract's tables.
import { Outcome } from '@nixfleet/contract/journal.ts';
import { deadlinesOf, Phase, phasesOf, pinsCommit, Verb } from '@nixfleet/contract/verbs.ts';
import { duration, generated, table } from './markdown.ts';

export function verbsPage(): string {
  const verbs = Verb.options.map((verb) => [
    `\`${verb}\``,
    phasesOf[verb].join(' → '),
    pinsCommit(verb) ? 'yes' : 'no',
    duration(deadlinesOf[verb].warnMs),
    duration(deadlinesOf[verb].hardMs),
  ]);
  const phases = Phase.options.map((phase) => [
    `\`${phase}\``,
    Verb.options.filter((v) => phasesOf[v].includes(phase)).join(', ') || 'entered only to go back',
  ]);
  return `${generated('packages/contract/src/verbs.ts')}# Verbs, phases and outcomes

A verb pins its commit when the run is created, so that what is deployed does not move while the run waits. A run counts as
slow after its warn deadline; its executor ends it at the hard deadline, both counted from its start.

${table(['Verb', 'Phases', 'Pins a commit', 'Slow after', 'Ended after'], verbs)}

The \`test\` phase of a deployment is left out unless it is asked for or the host requires it.

## Phases

Until \`activate\` begins, cancelling a run stops it. From then on the host may no longer be what it was: a run that does not
succeed is taken back, by the previous generation’s own activation in the phase \`restore\`.

${table(['Phase', 'Part of'], phases)}

## Outcomes

They never collapse into each other: ${Outcome.options.map((o) => `\`${o}\``).join(', ')}.

- \`succeeded\`: the goal was observed on the host.
- \`rolled_back\`: the change ran and was taken back; the previous system runs.
- \`half_activated\`: neither system runs completely; hands are needed.
- \`failed\`: it did not work, and nothing changed.
- \`refused\`: a rule of the host forbade it before anything was evaluated.
- \`interrupted\`: the executor ended without a result, and nothing changed.
- \`cancelled\`: an operator stopped it before anything changed.
- \`timed_out\`: the hard deadline passed before anything changed.
- \`expired\`: it was never delivered in time.
`;
}
