import type { RecordedUpdate, Recursion } from './data.js'

/** Consecutive updates: indices into `updates`, and repeated groups of them. */
type Piece = number | { readonly times: number; readonly pieces: readonly Piece[] }

/**
 * Returns the pseudocode of a recursion on one line, with repetitions folded:
 * `3 × (6 × z ← net(z + y + x); y ← net(y + z))`. Latents that one update sets together are written as one assignment.
 *
 * @param networks `separate` writes the network for y as netY and the other as net; the default, `shared`, writes net
 */
export function pseudocode(recursion: Recursion, networks: 'shared' | 'separate' = 'shared'): string {
  return piecesText(folded(recursion.order), updateTexts(recursion, networks))
}

/**
 * Returns the pseudocode of a recursion as indented lines, one per update or repetition.
 *
 * @param networks as in {@link pseudocode}
 */
export function pseudocodeLines(recursion: Recursion, networks: 'shared' | 'separate' = 'shared'): string[] {
  const texts = updateTexts(recursion, networks)
  const lines = (pieces: readonly Piece[], indent: string): string[] =>
    pieces.flatMap((piece) => {
      if (typeof piece === 'number') return [indent + texts[piece]!]
      return [`${indent}${piece.times} times:`, ...lines(piece.pieces, `${indent}  `)]
    })
  return lines(folded(recursion.order), '')
}

/**
 * Returns the pseudocode of each of a recursion's distinct updates.
 *
 * @param networks as in {@link pseudocode}
 */
export function updateTexts(
  { updates, latents }: Recursion,
  networks: 'shared' | 'separate' = 'shared',
): readonly string[] {
  return updates.map((update) => updateText(update, latents, networks))
}

function piecesText(pieces: readonly Piece[], texts: readonly string[]): string {
  return pieces
    .map((piece) => {
      if (typeof piece === 'number') return texts[piece]!
      const inner = piecesText(piece.pieces, texts)
      return /[;,] /.test(inner) ? `${piece.times} × (${inner})` : `${piece.times} × ${inner}`
    })
    .join('; ')
}

/** Folds repetitions in the sequence, greedily from the left, preferring the one that covers the most. */
function folded(order: readonly number[]): Piece[] {
  const pieces: Piece[] = []
  for (let i = 0; i < order.length; ) {
    const { period, times } = longestRepetition(order, i)
    if (times === 1) pieces.push(order[i]!)
    else pieces.push({ times, pieces: folded(order.slice(i, i + period)) })
    i += period * times
  }
  return pieces
}

/** Returns the period of the repetition that covers the most from `i` on; the shortest if several do. */
function longestRepetition(order: readonly number[], i: number): { period: number; times: number } {
  const left = order.length - i
  let best = { period: 1, times: 1 }
  for (let period = 1; 2 * period <= left && best.period * best.times < left; period++) {
    let same = period
    while (same < left && order[i + same] === order[i + same - period]) same++
    const times = Math.floor(same / period)
    if (times > 1 && times * period > best.times * best.period) best = { period, times }
  }
  return best
}

/** `z ← net(z + y + x)`; a state that is used more than once gets a line of its own first. */
function updateText(
  { assignments, latents: ends }: RecordedUpdate,
  latents: readonly string[],
  networks: 'shared' | 'separate',
): string {
  const given = 1 + latents.length
  const uses = new Array<number>(given + assignments.length).fill(0)
  for (const { addends } of assignments) for (const addend of addends) uses[addend]!++
  for (const end of Object.values(ends)) uses[end]!++
  const nets = networks === 'separate' ? { net: 'net', netY: 'netY' } : { net: 'net', netY: 'net' }
  const texts = ['x', ...latents]
  const before: string[] = []
  const free = 'abcdefghijklmnopqrstuvw'.split('').filter((letter) => !latents.includes(letter))
  for (const [i, { net, addends }] of assignments.entries()) {
    const sum = addends.map((addend) => texts[addend]!).join(' + ')
    const text = net === 'plus' ? (addends.length > 1 ? `(${sum})` : sum) : `${nets[net]}(${sum})`
    if (uses[given + i]! > 1) {
      const name = free[before.length] ?? `s${before.length}`
      before.push(`${name} ← ${unwrapped(text)}`)
      texts.push(name)
    } else texts.push(text)
  }
  const names = Object.keys(ends)
  const values = names.map((name) => unwrapped(texts[ends[name]!]!))
  return [...before, `${names.join(', ')} ← ${values.join(', ')}`].join('; ')
}

/** Removes the brackets around a whole expression. */
function unwrapped(text: string): string {
  return /^\([^()]*\)$/.test(text) ? text.slice(1, -1) : text
}
