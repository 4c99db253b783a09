// Imports every module named in its arguments and prints what that left open: nothing, if importing does nothing.
import { pathToFileURL } from 'node:url';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

// Node's own http opens our standard streams when it is loaded.
await import('node:http');
await turn();
const before = process.getActiveResourcesInfo().length;
for (const path of process.argv.slice(2)) {
  try {
    await import(pathToFileURL(path).href);
  } catch (error) {
    console.log(`${path} does not load: ${error instanceof Error ? error.message : String(error)}`);
    break;
  }
  await turn();
  const opened = process.getActiveResourcesInfo().slice(before);
  if (opened.length > 0) {
    console.log(`${path} opened ${opened.join(', ')}`);
    break;
  }
}
