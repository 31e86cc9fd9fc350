import type { Values } from './columns.js'

/** Returns an array of the same type. */
export function emptyLike(values: Values, length: number): Values {
  return new (values.constructor as new (length: number) => Values)(length)
}

/** Returns the values of rows, in their order. */
export function gathered(values: Values, rows: Int32Array): Values {
  const out = emptyLike(values, rows.length)
  const bytes = values.BYTES_PER_ELEMENT
  // A loop for each width, which the compiler makes fast; one loop for all types is several times slower.
  if (bytes === 1) gatherBytes(out as Uint8Array, values as Uint8Array, rows)
  else if (bytes === 2) gatherHalves(out as Uint16Array, values as Uint16Array, rows)
  else gatherWords(new Uint32Array(out.buffer), new Uint32Array(values.buffer), rows, bytes / 4)
  return out
}

function gatherBytes(out: Uint8Array, from: Uint8Array, rows: Int32Array): void {
  for (let i = 0; i < rows.length; i++) out[i] = from[rows[i]!]!
}

function gatherHalves(out: Uint16Array, from: Uint16Array, rows: Int32Array): void {
  for (let i = 0; i < rows.length; i++) out[i] = from[rows[i]!]!
}

function gatherWords(out: Uint32Array, from: Uint32Array, rows: Int32Array, words: number): void {
  for (let i = 0; i < rows.length; i++)
    for (let word = 0; word < words; word++) out[i * words + word] = from[rows[i]! * words + word]!
}
