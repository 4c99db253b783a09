// Imports every module named in its arguments and prints what that left open: nothing, if importing does nothing.
import { pathToFileURL } from 'node:url';

const before = process.getActiveResourcesInfo().length;
for (const path of process.argv.slice(2)) {
  try {
    await import(pathToFileURL(path).href);
  } catch (error) {
    console.log(`${path} does not load: ${error instanceof Error ? error.message : String(error)}`);
    break;
  }
  const opened = process.getActiveResourcesInfo().slice(before);
  if (opened.length > 0) {
    console.log(`${path} opened ${opened.join(', ')}`);
    break;
  }
}
