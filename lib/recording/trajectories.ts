import { UserError } from '../errors.js'
import { UNKNOWN } from '../think/step-measures.js'
import type { Recording } from './recording.js'
import { unitsOf } from './unit.js'

/**
 * One rollout of one version of every puzzle as a trajectory over the supervision steps. Arrays of `[count · depth]` hold
 * step t of trajectory i at `i · depth + t − 1`.
 */
export interface Trajectories {
  /** Number of puzzles whose answer is known. */
  readonly count: number
  /** Number of puzzles whose answer is not known, which are left out. */
  readonly unknown: number
  /** D: the last supervision step. */
  readonly depth: number
  /** `[count]` index of the example in its split, ascending. */
  readonly puzzle: Int32Array
  /** `[count]` supervision steps computed. A rollout that left early keeps its last answer and q until step D. */
  readonly steps: Int32Array
  /** `[count · depth]` 1 where the answer is right. */
  readonly exact: Uint8Array
  /** `[count · depth]` logit of halting. */
  readonly qHalt: Float32Array
  /** `[count · depth]` ‖y_t − y_{t−1}‖ / ‖y_{t−1}‖; NaN after a rollout left. */
  readonly deltaY: Float32Array
  /** `[count · depth]` the same of z. */
  readonly deltaZ: Float32Array
}

/** The rollout of a puzzle, with one value per supervision step. */
export interface RolloutPath {
  readonly puzzle: number
  /** 1 right, 0 wrong, {@link UNKNOWN} if the answer is not known. */
  readonly exact: ArrayLike<number>
  readonly qHalt: ArrayLike<number>
  readonly deltaY: ArrayLike<number>
  readonly deltaZ: ArrayLike<number>
}

/** The rollout and the version that {@link trajectoriesOf} reads. */
export interface TrajectoryChoice {
  /** Counted from 0. Default 0. */
  readonly rollout?: number
  /** Default 0, the stored puzzle. */
  readonly version?: number
}

/**
 * Returns one rollout of one version of every puzzle of a recording. One rollout, since those of a puzzle are not independent
 * and the intervals are over puzzles. It takes about 13 bytes per puzzle and step.
 *
 * @throws UserError for a rollout that was not recorded, for guided particles, and without a puzzle whose answer is known.
 */
export function trajectoriesOf(
  recording: Pick<Recording, 'batches' | 'facts'>,
  { rollout = 0, version = 0 }: TrajectoryChoice = {},
): Trajectories {
  const { settings, criteria, guided } = recording.facts
  if (guided)
    throw new UserError({
      where: 'rollout',
      expected: 'rollouts that go their own way',
      found: 'guided particles, which change places when they are resampled',
      todo: 'Look into the deterministic rollout of the recording, or record without guide.',
    })
  if (!(Number.isInteger(rollout) && rollout >= 0 && rollout < settings.rollouts))
    throw new UserError({
      where: 'rollout',
      expected: `one that was recorded, 0 to ${settings.rollouts - 1}`,
      found: String(rollout),
    })
  const paths: RolloutPath[] = []
  for (const batch of recording.batches()) {
    const [deltaY, deltaZ] = ['deltaY', 'deltaZ'].map((name) => batch.getChild(name)!)
    for (const unit of unitsOf(batch, criteria, settings.rollouts)) {
      if (unit.version !== version) continue
      const [start, steps] = [unit.starts[rollout]!, unit.steps[rollout]!]
      const halves = (column: typeof deltaY): Float32Array =>
        Float32Array.from({ length: steps }, (_, t) => Number(column!.get(start + t)))
      paths.push({
        puzzle: unit.puzzle,
        exact: unit.arrays.exact.slice(start, start + steps),
        qHalt: unit.arrays.qHalt.slice(start, start + steps),
        deltaY: halves(deltaY),
        deltaZ: halves(deltaZ),
      })
    }
  }
  return joined(paths)
}

/** Returns rollouts as trajectories. @throws UserError without a puzzle whose answer is known. */
export function joined(paths: readonly RolloutPath[]): Trajectories {
  const known = paths.filter(({ exact }) => exact[0] !== UNKNOWN).sort((a, b) => a.puzzle - b.puzzle)
  const count = known.length
  if (count === 0)
    throw new UserError({
      where: 'trajectories',
      expected: 'puzzles with known answers',
      found: paths.length === 0 ? 'no puzzle' : `${paths.length} puzzles, none with a known answer`,
    })
  const depth = known.reduce((most, { exact }) => Math.max(most, exact.length), 0)
  const made = {
    exact: new Uint8Array(count * depth),
    qHalt: new Float32Array(count * depth),
    deltaY: new Float32Array(count * depth).fill(Number.NaN),
    deltaZ: new Float32Array(count * depth).fill(Number.NaN),
  }
  for (const [i, path] of known.entries()) {
    const [at, steps] = [i * depth, path.exact.length]
    for (const name of ['exact', 'qHalt', 'deltaY', 'deltaZ'] as const) made[name].set(path[name], at)
    made.exact.fill(path.exact[steps - 1]!, at + steps, at + depth)
    made.qHalt.fill(path.qHalt[steps - 1]!, at + steps, at + depth)
  }
  return {
    count,
    unknown: paths.length - count,
    depth,
    puzzle: Int32Array.from(known, ({ puzzle }) => puzzle),
    steps: Int32Array.from(known, ({ exact }) => exact.length),
    ...made,
  }
}
