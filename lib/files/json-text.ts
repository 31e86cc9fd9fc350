/**
 * Returns a value as JSON with well-formed Unicode only: a lone surrogate becomes U+FFFD, as when Node writes text as
 * UTF-8. `JSON.stringify` would write it as an escape (`"\ud83d"`), which Python reads and then cannot save.
 *
 * @param indent spaces per level. Default: none
 */
export function wellFormedJson(value: unknown, indent?: number): string {
  const json = JSON.stringify(value, null, indent)
  // Lone surrogates are the only characters that are escaped by a number from d800 to dfff.
  return json.includes(HALF) ? json.replace(ESCAPE, (one) => (one.startsWith(HALF) ? '\ufffd' : one)) : json
}

const HALF = '\\ud'
/** Matches a whole escape, so that the text `\ud83d` after an escaped backslash is left alone. */
const ESCAPE = /\\(?:ud[89a-f][0-9a-f]{2}|.)/g
