// Reads small files that others write, some in folders that everybody may write: a link, a pipe or a huge file put there
// must neither hang the agent nor fill it.
import { constants, promises as fs } from 'node:fs';

const MAX = 64 * 1024;

/** The first 64 KiB of a regular file, trimmed; undefined for anything else. */
export async function readSmallFile(path: string, { follow = false } = {}): Promise<string | undefined> {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | (follow ? 0 : constants.O_NOFOLLOW);
  let file: fs.FileHandle | undefined;
  try {
    file = await fs.open(path, flags);
    if (!(await file.stat()).isFile()) return undefined;
    const { bytesRead, buffer } = await file.read(Buffer.alloc(MAX), 0, MAX, 0);
    return buffer.toString('utf8', 0, bytesRead).trim();
  } catch {
    return undefined;
  } finally {
    await file?.close();
  }
}
