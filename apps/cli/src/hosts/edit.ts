// `host NAME set key=value…`: text to an operator's edit, all mistakes at once.
import { PatchHost } from '@nixfleet/contract/hosts.ts';
import { issuesOf } from '@nixfleet/contract/problem.ts';
import { exit, Failure, usage } from '../api/failure.ts';

export const editableKeys: readonly string[] = Object.keys(PatchHost.shape);

/** `device-type`, `device_type` and `deviceType` are the same key. */
const keyOf = (text: string): string => text.replace(/[-_]([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** An empty value gives the field back to the agent, or to its default. */
export function parseEdit(values: readonly string[]): PatchHost {
  if (values.length === 0) throw usage('Nothing to set', `key=value, with one of ${editableKeys.join(', ')}`);
  const edit: Record<string, string | null> = {};
  for (const value of values) {
    const at = value.indexOf('=');
    if (at < 1) throw usage(`${value} is not key=value`, `one of ${editableKeys.join(', ')}`);
    const key = keyOf(value.slice(0, at));
    if (!editableKeys.includes(key))
      throw usage(`There is no ${value.slice(0, at)} to set`, `one of ${editableKeys.join(', ')}`);
    edit[key] = value.slice(at + 1) || null;
  }
  const parsed = PatchHost.safeParse(edit);
  if (parsed.success) return parsed.data;
  throw new Failure(exit.usage, 'Not set', { issues: issuesOf(parsed.error), next: 'nixfleet host --help' });
}
