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

/**
 * The text in lines of at most `width` columns, broken at its spaces; line breaks of its own are kept. A word that is wider
 * stands on a line of its own, whole.
 *
 * @param breakWords Whether such a word is broken, so that no line is wider.
 */
export function wrapText(text: string, width: number, { breakWords = false } = {}): string[] {
  return text.split('\n').flatMap((line) => wrapLine(line, width, breakWords))
}

function wrapLine(line: string, width: number, breakWords: boolean): string[] {
  if (displayWidth(line) <= width) return [line]
  const lines: string[] = []
  let current = ''
  for (const word of line.split(' ')) {
    const longer = current === '' ? word : `${current} ${word}`
    if (current === '' || displayWidth(longer) <= width) current = longer
    else {
      lines.push(current)
      current = word
    }
    while (breakWords && displayWidth(current) > width) {
      const head = fitting(current, width)
      lines.push(head)
      current = current.slice(head.length)
    }
  }
  return [...lines, current]
}

/** The text, or as much of it as fits in `width` columns with an ellipsis after it: for a line that is soon overwritten. */
export function clip(text: string, width: number): string {
  return displayWidth(text) <= width ? text : `${fitting(text, width - 1)}…`
}

/** As many graphemes from the beginning as fit, one at least. */
function fitting(text: string, width: number): string {
  let kept = ''
  let used = 0
  for (const grapheme of graphemes(text)) {
    used += displayWidth(grapheme)
    if (kept !== '' && used > width) break
    kept += grapheme
  }
  return kept
}

/** Columns of the terminal: `COLUMNS` where the environment sets it, else what the terminal says; undefined without one. */
export function terminalWidth(): number | undefined {
  const { COLUMNS = '' } = process.env
  return /^[1-9]\d{0,4}$/.test(COLUMNS) ? Number(COLUMNS) : process.stdout.columns
}

/** The text filled with spaces to `width` columns. */
export function pad(text: string, width: number, side: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(text)))
  return side === 'left' ? space + text : text + space
}
