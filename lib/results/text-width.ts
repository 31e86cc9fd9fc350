const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Han, kana, Hangul, full-width forms and emoji: two columns in a terminal. */
const WIDE =
  /^(?:\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Emoji_Presentation}|[\u3000-\u303e\uff01-\uff60\uffe0-\uffe6])|\ufe0f/u

/** Characters as a reader sees them: a letter and its accents are one, and so is a flag. */
function graphemes(text: string): string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment)
}

/** Terminal columns that a text takes. */
export function displayWidth(text: string): number {
  let width = 0
  for (const grapheme of graphemes(text)) width += WIDE.test(grapheme) ? 2 : 1
  return width
}

/** The text, or as much of it as fits in `width` columns with an ellipsis after it. */
export function clip(text: string, width: number): string {
  if (displayWidth(text) <= width) return text
  let kept = ''
  let used = 1
  for (const grapheme of graphemes(text)) {
    used += displayWidth(grapheme)
    if (used > width) break
    kept += grapheme
  }
  return `${kept}…`
}

/** The text filled with spaces to `width` columns. */
export function pad(text: string, width: number, side: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(text)))
  return side === 'left' ? space + text : text + space
}
