// The programs of our own dependencies, by path: a script must work also where npm did not set PATH for it.
import { dirname, join } from 'node:path';

export const bin = (name: 'oxfmt' | 'oxlint' | 'tsc'): string =>
  join(dirname(import.meta.dirname), 'node_modules/.bin', name);
