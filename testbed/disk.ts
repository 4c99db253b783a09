// A machine's disk: an ext4 image of its own over the shared root. Losing power is real for it: what was not synced is gone.
//
// INVARIANTS:
// - The image is mounted only in the site, never in the machine, so it stays mounted when the machine dies.
// - After a power cut the machine continues on a copy of the image as it lay on the disk, without what was in the cache;
//   the journal's commit interval is long, so that only what was synced is sure to be there.
import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandOutput } from '@nixfleet/kit/command.ts';
import type { Site } from './site.ts';

const MiB = 1024 * 1024;

export type Disk = {
  /** The machine's whole file system, where the site has it mounted. */
  root: string;
  /** Mounts it, without what was not synced if the power was cut. */
  mount(): Promise<void>;
  unmount(): Promise<void>;
  /** Throws away what the cache holds; to be called when no process uses the disk any more. */
  cutPower(): Promise<void>;
};

export type DiskOptions = { site: Site; folder: string; base: string; mebibytes: number };

export async function makeDisk({ site, folder, base, mebibytes }: DiskOptions): Promise<Disk> {
  let image = join(folder, 'disk-0.img');
  let copies = 0;
  const layer = join(folder, 'layer');
  const root = join(folder, 'root');
  for (const path of [layer, root]) mkdirSync(path, { recursive: true });
  writeFileSync(image, '');
  truncateSync(image, mebibytes * MiB);
  await commandOutput('mke2fs', ['-q', '-t', 'ext4', '-E', 'lazy_itable_init=0', image], { deadlineMs: 60_000 });

  const mount = async (): Promise<void> => {
    await site.output('mount', ['-o', 'loop,commit=600', image, layer]);
    for (const part of ['changes', 'work']) await site.output('mkdir', ['-p', join(layer, part)]);
    const parts = `lowerdir=${base},upperdir=${join(layer, 'changes')},workdir=${join(layer, 'work')}`;
    await site.output('mount', ['-t', 'overlay', '-o', parts, 'overlay', root]);
  };
  const unmount = async (): Promise<void> => {
    await site.output('umount', [root]);
    await site.output('umount', [layer]);
  };
  return {
    root,
    mount,
    unmount,
    async cutPower() {
      const before = image;
      copies += 1;
      image = join(folder, `disk-${copies}.img`);
      await commandOutput('cp', ['--sparse=always', before, image], { deadlineMs: 60_000 });
      await unmount();
      rmSync(before);
      await mount();
    },
  };
}
