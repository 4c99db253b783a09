// The generated reference pages: which files there are and what renders each. `tools/generate.ts` writes them and
// `npm run check` compares them.
import { cliPage } from './cli.ts';
import { agentConfigPage, controlConfigPage } from './config.ts';
import { openapi } from './openapi.ts';
import { problemsPage } from './problems.ts';
import { protocolPage } from './protocol.ts';
import { verbsPage } from './verbs.ts';

export type Page = { path: string; render: () => string | Promise<string> };

export const pages: readonly Page[] = [
  { path: 'docs/reference/openapi.json', render: openapi },
  { path: 'docs/reference/problems.md', render: problemsPage },
  { path: 'docs/reference/protocol.md', render: protocolPage },
  { path: 'docs/reference/verbs.md', render: verbsPage },
  { path: 'docs/reference/control-config.md', render: controlConfigPage },
  { path: 'docs/reference/agent-config.md', render: agentConfigPage },
  { path: 'docs/reference/cli.md', render: cliPage },
];
