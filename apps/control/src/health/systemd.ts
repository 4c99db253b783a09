// Tells systemd that we are ready (sd_notify(3)). Node has no datagram sockets in the file system, so systemd's own program
// does it; the unit says NotifyAccess=all.
import { runCommand } from '@nixfleet/kit/command.ts';
import type { Log } from '@nixfleet/kit/log.ts';

export async function notifySystemd(log: Log, args: readonly string[]): Promise<void> {
  try {
    const { code, stderr } = await runCommand('systemd-notify', args, { deadlineMs: 5000 });
    if (code !== 0) log.warn({ stderr }, 'systemd did not take the notification');
  } catch (err) {
    log.warn({ err }, 'could not notify systemd');
  }
}
