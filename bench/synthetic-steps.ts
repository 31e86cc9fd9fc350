import { Random } from '../lib/random.js'
import type { StepMeasures } from '../lib/think/step-measures.js'

/** Sizes of made-up rollouts. */
export interface SyntheticSizes {
  readonly puzzles: number
  readonly rollouts: number
  readonly depth: number
  readonly seqLen: number
  /** Rows at a time. */
  readonly batch: number
}

/** Different answers of a puzzle. */
const ANSWERS = 8

/**
 * Yields made-up measurements that compress no better than real ones: every float is random in all its bits, and a rollout's
 * answer is one of eight of its puzzle, which changes at one step in four.
 */
export function* syntheticSteps({ puzzles, rollouts, depth, seqLen, batch }: SyntheticSizes): Generator<StepMeasures> {
  const random = Random.of(0, 'bench', 'synthetic')
  const pool = Float32Array.from({ length: 1 << 20 }, () => random.normal())
  const choices = Int32Array.from({ length: 1 << 16 }, () => random.int(4 * ANSWERS))
  const known = Array.from({ length: ANSWERS }, (_, answer) =>
    Uint8Array.from({ length: seqLen }, (_, cell) => 2 + ((answer + cell) % 9)),
  )
  const total = puzzles * rollouts
  for (let first = 0; first < total; first += batch) {
    const size = Math.min(batch, total - first)
    const puzzle = Int32Array.from({ length: size }, (_, i) => Math.floor((first + i) / rollouts))
    const rollout = Int32Array.from({ length: size }, (_, i) => (first + i) % rollouts)
    const choice = new Int32Array(size)
    const hashes = BigUint64Array.from({ length: size * ANSWERS }, (_, i) =>
      hashOf(puzzle[Math.floor(i / ANSWERS)]!, i % ANSWERS),
    )
    for (let step = 1; step <= depth; step++) {
      const changed = new Uint16Array(size)
      for (let i = 0; i < size; i++) {
        const next = choices[(first * depth + step * size + i * 31) & (choices.length - 1)]!
        if (step > 1 && next >= ANSWERS) continue
        choice[i] = next % ANSWERS
        changed[i] = step > 1 ? 1 + (next % seqLen) : 0
      }
      const answers = new Uint8Array(size * seqLen)
      for (let i = 0; i < size; i++) answers.set(known[choice[i]!]!, i * seqLen)
      const start = random.int(pool.length - 5 * size)
      const floats = (column: number): Float32Array => pool.slice(start + column * size, start + (column + 1) * size)
      const exact = Uint8Array.from(choice, (answer) => Number(answer === 0))
      yield {
        ...{ step, size, seqLen, puzzle, rollout, exact, changed, answers },
        version: new Int32Array(size),
        hash: BigUint64Array.from(choice, (answer, i) => hashes[i * ANSWERS + answer]!),
        rightCells: Uint16Array.from(choice, (answer) => seqLen - answer),
        criteria: { valid: exact },
        qHalt: floats(0),
        qContinue: floats(1),
        deltaY: floats(2),
        deltaZ: floats(3),
        deltaLogits: floats(4),
        margin: floats(1),
      }
    }
  }
}

/** Returns 64 bits that look random. */
function hashOf(puzzle: number, answer: number): bigint {
  const [a, b] = Random.of(puzzle, answer).state()
  return (BigInt(a! >>> 0) << 32n) | BigInt(b! >>> 0)
}
