import { UserError } from '../errors.js'
import { type StepMeasures, UNKNOWN } from '../think/step-measures.js'

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
  /** `[count]` index of the example in its split. */
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

/** The rollout and the version that {@link TrajectoryBuilder} keeps. */
export interface TrajectoryChoice {
  /** Counted from 0. Default 0. */
  readonly rollout?: number
  /** Default 0, the stored puzzle. */
  readonly version?: number
}

/** The columns of {@link StepMeasures} that a trajectory needs. */
export type TrajectoryMeasures = Pick<
  StepMeasures,
  'step' | 'size' | 'puzzle' | 'version' | 'rollout' | 'exact' | 'qHalt' | 'deltaY' | 'deltaZ'
>

interface Path {
  readonly puzzle: number
  steps: number
  readonly exact: number[]
  readonly qHalt: number[]
  readonly deltaY: number[]
  readonly deltaZ: number[]
}

/** Collects the trajectories of one rollout of every puzzle from the measures of single steps, in any order of puzzles. */
export class TrajectoryBuilder {
  readonly #paths = new Map<number, Path>()
  readonly #rollout: number
  readonly #version: number

  constructor({ rollout = 0, version = 0 }: TrajectoryChoice = {}) {
    this.#rollout = rollout
    this.#version = version
  }

  /**
   * Adds the rows of one supervision step that belong to the chosen rollout and version.
   *
   * @throws UserError if a puzzle's step is missing or comes twice.
   */
  add(measures: TrajectoryMeasures): void {
    const { step, size, puzzle, version, rollout, exact, qHalt, deltaY, deltaZ } = measures
    for (let row = 0; row < size; row++) {
      if (rollout[row] !== this.#rollout || version[row] !== this.#version) continue
      const index = puzzle[row]!
      let path = this.#paths.get(index)
      if (!path) {
        path = { puzzle: index, steps: 0, exact: [], qHalt: [], deltaY: [], deltaZ: [] }
        this.#paths.set(index, path)
      }
      if (step !== path.steps + 1)
        throw new UserError({
          where: `puzzle ${index}, rollout ${this.#rollout}`,
          expected: `supervision step ${path.steps + 1}`,
          found: `step ${step}`,
          todo: 'The recording is damaged, or of several runs: record it again.',
        })
      path.steps = step
      path.exact.push(exact[row]!)
      path.qHalt.push(qHalt[row]!)
      path.deltaY.push(deltaY[row]!)
      path.deltaZ.push(deltaZ[row]!)
    }
  }

  /**
   * Returns the trajectories, by ascending puzzle.
   *
   * @throws UserError if there is none with a known answer.
   */
  end(): Trajectories {
    const all = [...this.#paths.values()].sort((a, b) => a.puzzle - b.puzzle)
    const known = all.filter(({ exact }) => exact[0] !== UNKNOWN)
    const depth = known.reduce((most, { steps }) => Math.max(most, steps), 0)
    const count = known.length
    if (count === 0)
      throw new UserError({
        where: `rollout ${this.#rollout}, version ${this.#version}`,
        expected: 'puzzles with known answers',
        found: all.length === 0 ? 'no puzzle' : `${all.length} puzzles, none with a known answer`,
      })
    const made = {
      exact: new Uint8Array(count * depth),
      qHalt: new Float32Array(count * depth),
      deltaY: new Float32Array(count * depth).fill(Number.NaN),
      deltaZ: new Float32Array(count * depth).fill(Number.NaN),
    }
    for (const [i, path] of known.entries()) {
      const at = i * depth
      for (const name of ['exact', 'qHalt', 'deltaY', 'deltaZ'] as const) made[name].set(path[name], at)
      made.exact.fill(path.exact.at(-1)!, at + path.steps, at + depth)
      made.qHalt.fill(path.qHalt.at(-1)!, at + path.steps, at + depth)
    }
    return {
      count,
      unknown: all.length - count,
      depth,
      puzzle: Int32Array.from(known, ({ puzzle }) => puzzle),
      steps: Int32Array.from(known, ({ steps }) => steps),
      ...made,
    }
  }
}
