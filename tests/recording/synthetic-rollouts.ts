import { Random } from '../../lib/random.js'
import type { StepMeasures } from '../../lib/think/step-measures.js'

/** Size of synthetic rollouts. */
export interface SyntheticOptions {
  readonly puzzles: number
  readonly rollouts: number
  readonly depth: number
  /** Tokens per answer. Default: 81. */
  readonly seqLen?: number
  /** Rows of a micro-batch. Default: 100. */
  readonly batch?: number
  readonly seed: number
  /** Share of rollouts that are solved before the last step. Default: 0.7. */
  readonly solved?: number
}

/** A rollout's state. */
interface Wanderer {
  readonly puzzle: number
  readonly rollout: number
  /** Step at which its answer becomes right and stays so; beyond the depth if it never does. */
  readonly solvedAt: number
  hash: bigint
}

/**
 * Yields measurements of rollouts with the statistics of a TRM on Sudoku-Extreme, to measure recordings by: a rollout wanders,
 * with other cells changed at almost every step, until it is solved, and then stays. Every float has random last digits, as
 * computed ones have, so that compression meets the real thing.
 */
export function* syntheticRollouts(options: SyntheticOptions): Generator<StepMeasures> {
  const { puzzles, rollouts, depth, seqLen = 81, batch = 100, seed, solved = 0.7 } = options
  const random = Random.of(seed, 'synthetic rollouts')
  const rows = puzzles * rollouts
  for (let from = 0; from < rows; from += batch) {
    const size = Math.min(batch, rows - from)
    const wanderers = Array.from({ length: size }, (_, i): Wanderer => {
      const isSolved = random.float() < solved
      const solvedAt = isSolved ? 1 + Math.floor(-Math.log(1 - random.float()) * 8) : depth + 1
      const row = from + i
      return { puzzle: Math.floor(row / rollouts), rollout: row % rollouts, solvedAt, hash: 0n }
    })
    const answers = Uint8Array.from({ length: size * seqLen }, () => 1 + random.int(9))
    for (let step = 1; step <= depth; step++) yield stepOf(wanderers, step, answers, seqLen, random)
  }
}

function stepOf(
  wanderers: readonly Wanderer[],
  step: number,
  answers: Uint8Array,
  seqLen: number,
  random: Random,
): StepMeasures {
  const size = wanderers.length
  const floats = (of: (isSolved: boolean) => number): Float32Array =>
    Float32Array.from(wanderers, ({ solvedAt }) => of(step >= solvedAt) * (0.5 + random.float()))
  const changed = new Uint16Array(size)
  for (const [i, wanderer] of wanderers.entries()) {
    const isChanged = step <= wanderer.solvedAt && (step === 1 || random.float() < 0.9)
    if (!isChanged) continue
    const cells = 1 + random.int(12)
    changed[i] = step === 1 ? 0 : cells
    for (let cell = 0; cell < cells; cell++) answers[i * seqLen + random.int(seqLen)] = 1 + random.int(9)
    const isRight = step === wanderer.solvedAt
    wanderer.hash = isRight
      ? BigInt(wanderer.puzzle) + (1n << 62n)
      : BigInt.asUintN(64, (BigInt(random.int(2 ** 31)) << 32n) | BigInt(random.int(2 ** 31)))
  }
  const isRight = wanderers.map(({ solvedAt }) => step >= solvedAt)
  return {
    step,
    size,
    seqLen,
    puzzle: Int32Array.from(wanderers, ({ puzzle }) => puzzle),
    version: new Int32Array(size),
    rollout: Int32Array.from(wanderers, ({ rollout }) => rollout),
    answers,
    hash: BigUint64Array.from(wanderers, ({ hash }) => hash),
    exact: Uint8Array.from(isRight, Number),
    rightCells: Uint16Array.from(isRight, (right) => (right ? seqLen : 40 + random.int(35))),
    scoredCells: new Uint16Array(size).fill(seqLen),
    criteria: { valid: Uint8Array.from(isRight, Number) },
    qHalt: floats((right) => (right ? 6 : -5)),
    qContinue: floats(() => 1),
    deltaY: floats((right) => (right ? 0.01 : 0.4)),
    deltaZ: floats((right) => (right ? 0.02 : 0.7)),
    deltaLogits: step === 1 ? new Float32Array(size).fill(Number.NaN) : floats((right) => (right ? 0.05 : 3)),
    changed,
    margin: floats((right) => (right ? 5 : 0.05)),
  }
}
