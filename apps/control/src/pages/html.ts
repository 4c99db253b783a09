// HTML from template literals: what is put in is text and is escaped; only `html` itself makes HTML.

class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toString(): string {
    return this.text;
  }
}
export type { Html };

type Part = Html | string | number | null | undefined | false | readonly Part[];

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

// Control characters but tab and line end are shown as their pictures, so that a log cannot speak to anything but the eye.
export const escape = (text: string): string =>
  text
    .replaceAll(/[&<>"']/g, (c) => entities[c] ?? c)
    .replaceAll(/[\u0000-\u0008\u000b-\u001f]/g, (c) => String.fromCodePoint(0x2400 + c.charCodeAt(0)))
    .replaceAll(/[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '�');

function render(part: Part): string {
  if (part === null || part === undefined || part === false) return '';
  if (part instanceof Html) return part.text;
  if (typeof part === 'string' || typeof part === 'number') return escape(String(part));
  return part.map(render).join('');
}

export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.map((s, n) => s + (n < parts.length ? render(parts[n]) : '')).join(''));
}
