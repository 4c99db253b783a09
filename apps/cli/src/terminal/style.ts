// Colour by meaning: a tone per state, as on the screens; the terminal's own palette decides the shade.
// Every tone comes with a word or a sign, so that nothing is lost without colour.

/** ok fine, run moving, warn look, back taken back, bad broken, gate forbidden, mute past, accent current, strong title. */
export type Tone = 'plain' | 'ok' | 'run' | 'warn' | 'back' | 'bad' | 'gate' | 'mute' | 'accent' | 'strong' | 'solid';

const code: Record<Tone, readonly [string, string] | undefined> = {
  plain: undefined,
  ok: ['32', '39'],
  run: ['36', '39'],
  warn: ['33', '39'],
  back: ['38;5;208', '39'],
  bad: ['31', '39'],
  gate: ['35', '39'],
  mute: ['2', '22'],
  accent: ['34', '39'],
  strong: ['1', '22'],
  /** Half activated alone: it needs hands now. */
  solid: ['1;7;31', '0'],
};

export type Paint = (tone: Tone, text: string) => string;

const painted: Paint = (tone, text) => {
  const pair = code[tone];
  return pair === undefined || text === '' ? text : `\u001b[${pair[0]}m${text}\u001b[${pair[1]}m`;
};
const bare: Paint = (_tone, text) => text;

export const paintFor = (colour: boolean): Paint => (colour ? painted : bare);

export type ColourWish = {
  /** `--no-color` was given. */
  off: boolean;
  /** NO_COLOR (no-color.org), FORCE_COLOR and TERM as they stand in the environment. */
  noColor: string | undefined;
  forceColor: string | undefined;
  term: string | undefined;
};

/** The flag beats FORCE_COLOR, which beats NO_COLOR, which beats what the stream is. */
export function wantsColour(wish: ColourWish, isTerminal: boolean): boolean {
  if (wish.off) return false;
  if (wish.forceColor !== undefined) return !['0', 'false'].includes(wish.forceColor.toLowerCase());
  if (wish.noColor !== undefined && wish.noColor !== '') return false;
  return isTerminal && wish.term !== 'dumb';
}
