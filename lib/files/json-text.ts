/**
 * Gives a value as JSON in which every text is well-formed Unicode: U+FFFD stands for half of a surrogate pair, as it does
 * where Node writes text as UTF-8. `JSON.stringify` would write such a half as an escape (`"\ud83d"`), which Python reads
 * and then cannot save.
 *
 * @param indent spaces for each level; default none
 */
export function wellFormedJson(value: unknown, indent?: number): string {
  const json = JSON.stringify(value, null, indent)
  // Halves of pairs are the only characters that are escaped by a number from d800 to dfff.
  return json.includes(HALF) ? json.replace(ESCAPE, (one) => (one.startsWith(HALF) ? '\ufffd' : one)) : json
}

const HALF = '\\ud'
/** One escape as a whole, so that the text `\ud83d` behind an escaped backslash is left alone. */
const ESCAPE = /\\(?:ud[89a-f][0-9a-f]{2}|.)/g
