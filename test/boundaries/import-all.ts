// Imports every module named in its arguments and prints what that left open: nothing, if importing does nothing.
import { pathToFileURL } from 'node:url';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Standard streams count as open once somebody has looked at them, as Node's own http does when it is loaded. */
const open = (): string[] => process.getActiveResourcesInfo().filter((r) => r !== 'PipeWrap' && r !== 'TTYWrap');

for (const path of process.argv.slice(2)) {
  try {
    await import(pathToFileURL(path).href);
  } catch (error) {
    console.log(`${path} does not load: ${error instanceof Error ? error.message : String(error)}`);
    break;
  }
  await turn();
  if (open().length > 0) {
    console.log(`${path} opened ${open().join(', ')}`);
    break;
  }
}
// What was opened would keep us alive.
process.exit();
