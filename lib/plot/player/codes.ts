/** Characters of six bits. */
const SIX = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** Character code of token 0; a quotation mark comes before it. */
const FIRST = 35

/** Returns tokens as text, a character each. */
export function encodeTokens(tokens: ArrayLike<number>): string {
  return Array.from(tokens, (token) => String.fromCharCode(FIRST + token)).join('')
}

/** Reads {@link encodeTokens}. */
export function decodeTokens(text: string): number[] {
  return Array.from(text, (char) => char.charCodeAt(0) - FIRST)
}

/** Returns bits as text, six a character. */
export function encodeBits(bits: readonly boolean[]): string {
  let text = ''
  for (let at = 0; at < bits.length; at += 6) {
    let value = 0
    for (let i = 0; i < 6; i++) if (bits[at + i]) value |= 1 << i
    text += SIX[value]
  }
  return text.replace(/A+$/, '')
}

/** Returns whether bit `at` of {@link encodeBits} is set. */
export function bitAt(text: string, at: number): boolean {
  const char = text[Math.floor(at / 6)]
  return char !== undefined && ((SIX.indexOf(char) >> (at % 6)) & 1) === 1
}

/** Returns numbers between 0 and 1 as text, a character each, in 64 steps. */
export function encodeShares(shares: ArrayLike<number>): string {
  return Array.from(shares, (share) => SIX[Math.round(Math.min(1, Math.max(0, share)) * 63)]).join('')
}

/** Reads value `at` of {@link encodeShares}. */
export function shareAt(text: string, at: number): number {
  return SIX.indexOf(text[at] ?? 'A') / 63
}

/** Returns whole numbers below 4,096 as text, two characters each. */
export function encodeCells(cells: ArrayLike<number>): string {
  return Array.from(cells, (cell) => SIX[cell >> 6]! + SIX[cell & 63]!).join('')
}

/** Reads number `at` of {@link encodeCells}. */
export function cellNumberAt(text: string, at: number): number {
  return SIX.indexOf(text[2 * at] ?? 'A') * 64 + SIX.indexOf(text[2 * at + 1] ?? 'A')
}
