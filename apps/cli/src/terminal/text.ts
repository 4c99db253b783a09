// Text from the network on its way to a terminal: what could steer the terminal is shown, never sent; and how wide text is.
// A host's name or a build's output is somebody else's input, and terminals obey escape sequences from anyone.

/** C0 and C1 controls, DEL, line separators, and the marks that reorder text (Unicode TR36 §2.9). */
const steering = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;

const escaped = (c: string): string => {
  const code = c.charCodeAt(0);
  if (c === '\n') return '\\n';
  if (c === '\t') return '\\t';
  if (c === '\r') return '\\r';
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
};

/** For names, reasons, comments: one line in which every control character is visible. */
export const oneLine = (text: string): string => text.replace(steering, escaped);

/** Like `oneLine`, but line breaks and tabs stay. */
export const manyLines = (text: string): string =>
  text.replace(/\r\n/g, '\n').replace(steering, (c) => (c === '\n' || c === '\t' ? c : escaped(c)));

/** Select Graphic Rendition and nothing else (ECMA-48 §8.3.117); the group is its parameters. */
const rendition = /\u001b\[([0-9;:]{0,64})m/g;
const RESET = '\u001b[0m';

/**
 * Lines of a run's output. A program's progress bar overwrites itself with carriage returns: each state becomes a line.
 * Colours stay where `colour` is wanted and end with their line, so that they cannot paint what follows.
 */
export function outputLines(text: string, colour: boolean): string[] {
  return text.split(/\r?\n|\r/).map((line) => {
    let coloured = false;
    const parts = line.split(rendition).map((part, i) => {
      if (i % 2 === 0) return manyLines(part);
      coloured ||= colour;
      return colour ? `\u001b[${part}m` : '';
    });
    return coloured ? `${parts.join('')}${RESET}` : parts.join('');
  });
}

const segmenter = new Intl.Segmenter();
const wide =
  /^(?:\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}])|\ufe0f/u;
const zeroWidth = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;

const cellsOf = (grapheme: string): number => (zeroWidth.test(grapheme) ? 0 : wide.test(grapheme) ? 2 : 1);

/** Terminal cells that `text` takes; it must hold no escape sequences. */
export function widthOf(text: string): number {
  if (/^[\u0020-\u007e]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += cellsOf(segment);
  return width;
}

/** Cuts to at most `cells`, with … in place of what is missing. */
export function truncated(text: string, cells: number): string {
  if (widthOf(text) <= cells) return text;
  if (cells <= 0) return '';
  let kept = '';
  let width = 0;
  for (const { segment } of segmenter.segment(text)) {
    const next = width + cellsOf(segment);
    if (next > cells - 1) break;
    kept += segment;
    width = next;
  }
  return `${kept}…`;
}
