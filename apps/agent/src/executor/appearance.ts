// Waiting for a file the agent makes in a run's folder. The folder is watched, and looked at five times a second besides,
// because watches are refused on some systems and lose events on others.
import { existsSync, type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';

const POLL_MS = 200;

/** Calls `found` once, when the file is there. Gives the way to stop waiting. */
export function onAppearance(path: string, found: () => void): () => void {
  let watcher: FSWatcher | undefined;
  const stop = (): void => {
    clearInterval(timer);
    watcher?.close();
  };
  const look = (): void => {
    if (!existsSync(path)) return;
    stop();
    found();
  };
  const timer = setInterval(look, POLL_MS);
  try {
    watcher = watch(dirname(path), look);
    watcher.on('error', () => watcher?.close());
  } catch {
    // No watch to be had: the interval is enough.
  }
  look();
  return stop;
}
