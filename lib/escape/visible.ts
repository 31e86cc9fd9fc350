/**
 * Control characters, unpaired surrogates, separators of lines, characters that change the direction of the text after them, and
 * two codes that are no characters, which XML forbids.
 */
const UNPRINTABLE = '[\\p{Cc}\\p{Cs}\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069\\ufffe\\uffff]'
const FIRST = new RegExp(UNPRINTABLE, 'u')
const ALL = new RegExp(UNPRINTABLE, 'gu')

const SHORT: ReadonlyMap<string, string> = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\b', '\\b'],
  ['\f', '\\f'],
])

/** Returns the first character of a text that is not printable: a control character, or one that turns text around; null without one. */
export function unprintableIn(text: string): string | null {
  return FIRST.exec(text)?.[0] ?? null
}

/**
 * Returns a text whose unprintable characters can be seen, written as in JSON: `\u001b` for an escape, `\n` for the end of a
 * line. All other characters, those of any script, stay. The escapes of a text that is JSON mean the characters that were there.
 *
 * @param kept unprintable characters that stay. Default: none
 */
export function visible(text: string, kept = ''): string {
  if (unprintableIn(text) === null) return text
  return text.replace(ALL, (char) => (kept.includes(char) ? char : (SHORT.get(char) ?? unicodeEscape(char))))
}

function unicodeEscape(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
}
