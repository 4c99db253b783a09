// Nix's `--log-format internal-json`: lines `@nix {…}` about activities, read into progress and text. Pure; numbers are
// those of nix/src/libutil/logging.hh, the same from 2.4 on.
import type { Progress } from '../journal/writer.ts';

/** Activity types. */
const COPY_PATH = 100;
const FILE_TRANSFER = 101;
const COPY_PATHS = 103;
const BUILDS = 104;
const BUILD = 105;
/** Result types. */
const BUILD_LOG_LINE = 101;
const PROGRESS = 105;
const SET_EXPECTED = 106;
const POST_BUILD_LOG_LINE = 107;

/** Verbosity: errors, warnings and notices are shown; `info` says what is built or copied; the rest is for developers. */
const LEVEL_INFO = 3;
/** A line longer than the transport's limit arrives in pieces; a whole one is never longer than this. */
const MAX_LINE = 1024 * 1024;
const PIECE = 16_384;

export type NixLog = {
  /** One line, or a piece of one, of the program's stderr. Gives the lines of text it holds for a reader. */
  take: (line: string) => string[];
  readonly progress: Progress;
};

type Activity = { type: number; name: string | undefined; counts: readonly number[] };

export function nixLog(): NixLog {
  const activities = new Map<number, Activity>();
  /** What ended activities had done, by type, as `[done, expected]`. */
  const past = new Map<number, [number, number]>();
  let pieces = '';

  const event = (e: Record<string, unknown>): string[] => {
    const id = typeof e['id'] === 'number' ? e['id'] : -1;
    switch (e['action']) {
      case 'start':
        return start(id, e);
      case 'stop':
        stop(id);
        return [];
      case 'result':
        return result(id, e);
      case 'msg':
        return message(e);
      default:
        return [];
    }
  };
  const start = (id: number, e: Record<string, unknown>): string[] => {
    const type = Number(e['type']);
    const [first] = fieldsOf(e);
    activities.set(id, { type, name: typeof first === 'string' ? nameOf(first) : undefined, counts: [] });
    const text = e['text'];
    return typeof text === 'string' && text !== '' && Number(e['level']) <= LEVEL_INFO ? lines(text) : [];
  };
  const stop = (id: number): void => {
    const ended = activities.get(id);
    activities.delete(id);
    if (!ended) return;
    const [done = 0, expected = 0] = ended.counts;
    const [d, x] = past.get(ended.type) ?? [0, 0];
    past.set(ended.type, [d + done, x + expected]);
  };
  const result = (id: number, e: Record<string, unknown>): string[] => {
    const fields = fieldsOf(e);
    const activity = activities.get(id);
    switch (e['type']) {
      case BUILD_LOG_LINE:
      case POST_BUILD_LOG_LINE:
        return lines(textOf(fields[0]));
      case PROGRESS:
        if (activity) activities.set(id, { ...activity, counts: fields.map(Number) });
        return [];
      case SET_EXPECTED:
      default:
        return [];
    }
  };
  const sums = (type: number): number[] => {
    const [done, expected] = past.get(type) ?? [0, 0];
    const live = [...activities.values()].filter((a) => a.type === type).map((a) => a.counts);
    const sum = (i: number): number => live.reduce((n, c) => n + whole(c[i]), 0);
    return [done + sum(0), expected + sum(1), sum(2), sum(3)];
  };
  return {
    take(line) {
      if (pieces === '' && !line.startsWith('@nix ')) return lines(line);
      pieces += line;
      if (line.length === PIECE && pieces.length < MAX_LINE) return [];
      const parsed = parse(pieces);
      const text = pieces;
      pieces = '';
      return parsed ? event(parsed) : lines(text);
    },
    get progress() {
      const [built = 0, toBuild = 0, building = 0, failed = 0] = sums(BUILDS);
      const [copied = 0, toCopy = 0, copying = 0, notCopied = 0] = sums(COPY_PATHS);
      // A copied path is counted unpacked; where nothing is copied there may still be downloads of sources.
      const copies = sums(COPY_PATH);
      const [bytesDone = 0, bytesExpected = 0] = (copies[1] ?? 0) > 0 ? copies : sums(FILE_TRANSFER);
      const current = [...activities.values()].findLast((a) => a.type === BUILD || a.type === COPY_PATH)?.name;
      return {
        done: built + copied,
        expected: toBuild + toCopy,
        running: building + copying,
        failed: failed + notCopied,
        bytesDone,
        bytesExpected,
        ...(current === undefined ? {} : { current: current.slice(0, 512) }),
      };
    },
  };
}

const whole = (n: number | undefined): number => (n !== undefined && Number.isSafeInteger(n) && n > 0 ? n : 0);

function fieldsOf(e: Record<string, unknown>): unknown[] {
  return Array.isArray(e['fields']) ? e['fields'] : [];
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line.slice('@nix '.length));
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

const message = (e: Record<string, unknown>): string[] =>
  Number(e['level'] ?? 0) <= LEVEL_INFO ? lines(textOf(e['msg'] ?? e['raw_msg'])) : [];

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Lines of text, each short enough for an entry. */
function lines(text: string): string[] {
  const parts = text.replace(/\n$/, '').split('\n');
  return parts.flatMap((line) =>
    line.length <= PIECE
      ? [line]
      : Array.from({ length: Math.ceil(line.length / PIECE) }, (_, i) => line.slice(i * PIECE, (i + 1) * PIECE)),
  );
}

/** `hello-2.12` of `/nix/store/…-hello-2.12.drv`. */
const nameOf = (path: string): string => path.replace(/^.*\/[0-9a-z]{32}-/, '').replace(/\.drv$/, '');
