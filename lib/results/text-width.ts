const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Matches Han, kana, Hangul, full-width forms and emoji, which take two terminal columns. */
const WIDE =
  /^(?:\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Emoji_Presentation}|[\u3000-\u303e\uff01-\uff60\uffe0-\uffe6])|\ufe0f/u

/** Splits a text into graphemes: a letter with its accents is one, and so is a flag. */
function graphemes(text: string): string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment)
}

/** Returns the number of terminal columns that a text takes. */
export function displayWidth(text: string): number {
  let width = 0
  for (const grapheme of graphemes(text)) width += WIDE.test(grapheme) ? 2 : 1
  return width
}

/**
 * Wraps a text into lines of at most `width` columns, at spaces; existing line breaks are kept. A wider word stays
 * whole, on its own line.
 *
 * @param breakWords breaks such words too, so that no line exceeds the width
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

/** Truncates a text to `width` columns with an ellipsis, for a line that is soon overwritten. */
export function clip(text: string, width: number): string {
  return displayWidth(text) <= width ? text : `${fitting(text, width - 1)}…`
}

/** Returns the longest prefix of graphemes that fits, at least one. */
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

/**
 * Returns the columns of the terminal: `COLUMNS` from the environment, else as reported; undefined without a terminal.
 */
export function terminalWidth(): number | undefined {
  const { COLUMNS = '' } = process.env
  return /^[1-9]\d{0,4}$/.test(COLUMNS) ? Number(COLUMNS) : process.stdout.columns
}

/** Pads a text with spaces to `width` columns. */
export function pad(text: string, width: number, side: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(text)))
  return side === 'left' ? space + text : text + space
}
