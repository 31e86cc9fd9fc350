import { paperName } from './latents.js'
import { recursionOf } from './network.js'
import { programOf, type Update } from './recursion.js'
import { latentNames, type ModelShape } from './shape.js'

/**
 * A supervision step as the pseudocode of its assignments, one line each, with repetitions folded: `repeat 3:`, `  repeat 6:`,
 * `    z ← net(z + y + x)`, `  y ← net(y + z)`. It is read off the very list that is computed.
 */
export function pseudocode(shape: ModelShape): string[] {
  return folded(recursionOf(shape).updates.map((update) => assignment(update, shape))).map(
    ({ depth, text }) => '  '.repeat(depth) + text,
  )
}

/** Pseudocode of one update, its sums written out. */
function assignment(update: Update, shape: ModelShape): string {
  const latents = latentNames(shape)
  const { assignments, ends } = programOf([update], latents)
  const net = { L: 'net', H: shape.networks === 'separate' && shape.model !== 'direct' ? 'netY' : 'net' }
  const terms = ['x', ...latents.map(paperName)]
  for (const { net: which, addends } of assignments) {
    const sum = addends.map((addend) => terms[addend]!).join(' + ')
    terms.push(which === 'plus' ? sum : `${net[which]}(${sum})`)
  }
  const changed = latents.filter((name, i) => ends[name] !== i + 1)
  return `${changed.map(paperName).join(', ')} ← ${changed.map((name) => terms[ends[name]!]!).join(', ')}`
}

interface Line {
  readonly depth: number
  readonly text: string
}

/** Lines with repetitions of any length as loops: at each place the one that takes most lines, of these the shortest. */
function folded(lines: readonly string[]): Line[] {
  const result: Line[] = []
  for (let at = 0; at < lines.length; ) {
    const { length, times } = longestRepetition(lines, at)
    if (times > 1) {
      const body = folded(lines.slice(at, at + length))
      result.push(
        { depth: 0, text: `repeat ${times}:` },
        ...body.map(({ depth, text }) => ({ depth: depth + 1, text })),
      )
    } else result.push({ depth: 0, text: lines[at]! })
    at += length * times
  }
  return result
}

function longestRepetition(lines: readonly string[], at: number): { length: number; times: number } {
  let best = { length: 1, times: 1 }
  for (let length = 1; at + 2 * length <= lines.length; length++) {
    let times = 1
    while (repeats(lines, at, length, times)) times++
    if (times > 1 && length * times > best.length * best.times) best = { length, times }
  }
  return best
}

/** Whether the block at `at` stands once more after `times` of it. */
function repeats(lines: readonly string[], at: number, length: number, times: number): boolean {
  const next = at + length * times
  if (next + length > lines.length) return false
  for (let i = 0; i < length; i++) if (lines[at + i] !== lines[next + i]) return false
  return true
}
