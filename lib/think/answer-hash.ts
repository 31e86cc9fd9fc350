/** Returns a 64-bit hash of an answer's tokens, equal on every machine. */
export function answerHash(tokens: ArrayLike<number>): bigint {
  let [a, b] = [0x9e3779b9 | 0, 0x243f6a88]
  for (let i = 0; i < tokens.length; i++) {
    a = Math.imul(a ^ tokens[i]!, 0x85ebca6b)
    a ^= a >>> 15
    b = Math.imul(b + tokens[i]! + (a << 7), 0xc2b2ae35)
    b ^= b >>> 13
  }
  return (BigInt(finish(b ^ a) >>> 0) << 32n) | BigInt(finish(a) >>> 0)
}

function finish(value: number): number {
  let h = Math.imul(value ^ (value >>> 16), 0x7feb352d)
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b | 0)
  return h ^ (h >>> 16)
}
