// Times, durations and sizes in words, as on the screens: "6 min ago", "1m 42s", "+34.9 MiB".

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const two = (n: number): string => String(n).padStart(2, '0');

/** "340ms", "12s", "1m 42s", "2h 05m", "3d 4h". */
export function duration(ms: number): string {
  if (ms < SECOND) return `${Math.max(0, Math.round(ms))}ms`;
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)}s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)}m ${two(Math.floor((ms % MINUTE) / SECOND))}s`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)}h ${two(Math.floor((ms % HOUR) / MINUTE))}m`;
  return `${Math.floor(ms / DAY)}d ${Math.floor((ms % DAY) / HOUR)}h`;
}

/** A length of time in words: "12 s", "6 min", "3 h", "2 d 4 h". */
export function span(ms: number): string {
  if (ms < MINUTE) return `${Math.max(0, Math.floor(ms / SECOND))} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h`;
  const hours = Math.floor((ms % DAY) / HOUR);
  return `${Math.floor(ms / DAY)} d${hours === 0 || ms >= 10 * DAY ? '' : ` ${hours} h`}`;
}

/** "now" within ten seconds, which also forgives clocks that differ a little. */
export const ago = (at: number, now: number): string => (now - at < 10 * SECOND ? 'now' : `${span(now - at)} ago`);

/** "2026-11-20 14:29:56", local time. */
export function absolute(at: number): string {
  const d = new Date(at);
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${clock(at)}`;
}

/** "14:29:56", local time. */
export function clock(at: number): string {
  const d = new Date(at);
  return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

/** "38.4 MiB", "1.9 GiB". */
export const size = (bytes: number): string =>
  Math.abs(bytes) >= GIB ? `${(bytes / GIB).toFixed(1)} GiB` : `${(bytes / MIB).toFixed(1)} MiB`;

/** With its sign; minus is U+2212. */
export const sizeChange = (bytes: number): string => `${bytes < 0 ? '−' : '+'}${size(Math.abs(bytes))}`;

/** "2h", "90m", "1d", "30s" → milliseconds; undefined where the text is none of these. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,9})\s*(s|m|min|h|d)$/.exec(text.trim());
  if (!match) return undefined;
  const unit = { s: SECOND, m: MINUTE, min: MINUTE, h: HOUR, d: DAY }[match[2] as 's' | 'm' | 'min' | 'h' | 'd']; // the pattern allows no other
  return Number(match[1]) * unit;
}
