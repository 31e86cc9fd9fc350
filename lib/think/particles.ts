import type { Dataset } from '../data/dataset.js'
import { UserError } from '../errors.js'
import type { Model } from '../model/model.js'
import { Random } from '../random.js'
import { judgingOf, measuresOf, step } from './answers.js'
import { noisyLatents } from './noisy-latents.js'
import { RowBatch, rowsAtOnce } from './row-batch.js'
import { type PosedPuzzle, posedPuzzles, type RolloutChoice, rowMaker } from './rows.js'
import type { RolloutSettings } from './settings.js'
import type { StepMeasures } from './step-measures.js'

/**
 * Computes the rollouts of each puzzle as guided particles, and yields the measurements as `rolloutSteps` does, with the
 * particles' log-weights before resampling: S = K particles with noise, which the halting head weights while they run
 * (arXiv 2605.25230: S = 16, D = 48, σ = 0.3, β = 0.25).
 *
 * The source states neither the weights nor the resampling; these are ours: after each step log w_s ← log w_s + β·log σ(q_s),
 * normalised; when 1/Σw² < S/2, systematic resampling of the latents, then w = 1/S. The answer is that of the particle with
 * the greatest log w + log σ(q). Particles depend on each other, so a smaller K has other rollouts.
 *
 * @throws UserError (exit code 2) for settings that particles do not have, and if a puzzle's particles do not fit in memory.
 */
export async function* particleSteps(
  model: Model,
  data: Dataset,
  settings: RolloutSettings,
  choice: RolloutChoice = {},
): AsyncGenerator<StepMeasures, void> {
  const { depth, rollouts: S, guide, seed, leave } = settings
  const most = rowsAtOnce(model, Number.POSITIVE_INFINITY)
  if (S > most) throw refused('rollouts', `at most ${most} particles, which fit in memory`, S)
  if (leave !== 'never') throw refused('leave', 'never, because the particles of a puzzle run together', leave)
  const judging = judgingOf(data)
  const size = Math.max(1, Math.floor(rowsAtOnce(model, settings.batch) / S))
  const makeRow = rowMaker(data, settings, choice)
  const batch = new RowBatch(model, settings, noisyLatents(model, data, settings))
  try {
    for (const puzzles of inGroups(posedPuzzles(data, choice), size)) {
      batch.add(puzzles.flatMap((posed) => Array.from({ length: S }, (_, particle) => makeRow(posed, particle))))
      const slots = batch.rows.map(({ row }) => row)
      const randoms = puzzles.map(({ example, version }) =>
        Random.of(seed, 'resampling', choice.split ?? 'test', example, version),
      )
      const logWeights = new Float64Array(batch.rows.length).fill(-Math.log(S))
      for (let t = 1; t <= depth; t++) {
        choice.signal?.throwIfAborted()
        const raw = step(batch, judging)
        for (const i of logWeights.keys()) logWeights[i]! += guide * logSigmoid(raw.qHalt[i]!)
        const clouds = puzzles.map((_, p) => logWeights.subarray(p * S, (p + 1) * S))
        clouds.forEach(normalise)
        const all = [...batch.rows.keys()]
        yield { ...measuresOf(batch.rows, raw, all, judging), logWeight: Float32Array.from(logWeights) }
        if (t === depth) break
        batch.take(clouds.flatMap((cloud, p) => resampled(cloud, randoms[p]!).map((particle) => p * S + particle)))
        // A particle has the latents, the input and the answer of its ancestor, and random numbers of its own.
        for (const [i, running] of batch.rows.entries()) {
          const { rollout, stream } = slots[i]!
          batch.rows[i] = { ...running, row: { ...running.row, rollout, stream } }
        }
        await new Promise((resolve) => setImmediate(resolve))
      }
      batch.take([])
    }
  } finally {
    batch.dispose()
  }
}

/**
 * Returns the ancestors of a cloud's particles by systematic resampling, and sets its weights to 1/S; each its own ancestor
 * if the effective sample size 1/Σw² is at least S/2.
 *
 * @param logWeights `[S]` normalised, changed
 */
export function resampled(logWeights: Float64Array, random: Random): number[] {
  const S = logWeights.length
  const weights = logWeights.map(Math.exp)
  if (1 / weights.reduce((sum, w) => sum + w * w, 0) >= S / 2) return [...weights.keys()]
  const first = random.float() / S
  const ancestors: number[] = []
  let [particle, sum] = [0, weights[0]!]
  for (let i = 0; i < S; i++) {
    while (sum <= first + i / S && particle < S - 1) sum += weights[++particle]!
    ancestors.push(particle)
  }
  logWeights.fill(-Math.log(S))
  return ancestors
}

/** Makes weights sum to 1, in place; equal if all are 0. */
function normalise(logWeights: Float64Array): void {
  const most = Math.max(...logWeights)
  if (most === Number.NEGATIVE_INFINITY) {
    logWeights.fill(-Math.log(logWeights.length))
    return
  }
  const total = most + Math.log(logWeights.reduce((sum, w) => sum + Math.exp(w - most), 0))
  for (const i of logWeights.keys()) logWeights[i]! -= total
}

/** Returns log σ(q); −∞ for NaN, which no particle should follow. */
function logSigmoid(q: number): number {
  if (Number.isNaN(q)) return Number.NEGATIVE_INFINITY
  return Math.min(q, 0) - Math.log1p(Math.exp(-Math.abs(q)))
}

function* inGroups(puzzles: Iterable<PosedPuzzle>, size: number): Generator<PosedPuzzle[], void> {
  let group: PosedPuzzle[] = []
  for (const puzzle of puzzles) {
    group.push(puzzle)
    if (group.length < size) continue
    yield group
    group = []
  }
  if (group.length > 0) yield group
}

function refused(key: string, expected: string, found: number | string): UserError {
  return new UserError({ where: `key ${key}`, expected, found: String(found), exitCode: 2 })
}
