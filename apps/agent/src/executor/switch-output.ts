// What switch-to-configuration says about units, read from its output. Pure; both the Perl and the Rust program say it so.

const UNITS = 1000;

/** Units that were started and failed: `warning: the following units failed: a.service, b.service`. */
export const failedUnits = (lines: readonly string[]): string[] =>
  [...new Set(lines.flatMap((line) => namesAfter(/the following units failed: (.+)$/, line)))].slice(0, UNITS);

/** What a dry activation would do, as `restart nginx.service`. */
export const plannedUnits = (lines: readonly string[]): string[] =>
  lines
    .flatMap((line) => {
      const [, verb, names] = /would (stop|start|restart|reload) the following units: (.+)$/.exec(line) ?? [];
      return names === undefined ? [] : names.split(',').map((unit) => `${verb} ${unit.trim()}`);
    })
    .slice(0, 2 * UNITS);

const namesAfter = (pattern: RegExp, line: string): string[] =>
  (pattern.exec(line)?.[1] ?? '')
    .split(',')
    .map((unit) => unit.trim().slice(0, 256))
    .filter((unit) => unit !== '');
