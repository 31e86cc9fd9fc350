import { type Trajectories, TrajectoryBuilder, type TrajectoryChoice } from '../../lib/recording/trajectories.js'

/** A rollout written out by hand: one entry per supervision step. */
export interface HandPath {
  readonly puzzle?: number
  readonly rollout?: number
  readonly version?: number
  /** 1 right, 0 wrong, 255 unknown. */
  readonly exact: readonly number[]
  readonly q?: readonly number[]
  readonly deltaY?: readonly number[]
  readonly deltaZ?: readonly number[]
}

/** Returns the trajectories of rollouts written out by hand. A shorter path has left early. */
export function trajectoriesOf(paths: readonly HandPath[], choice: TrajectoryChoice = {}): Trajectories {
  const builder = new TrajectoryBuilder(choice)
  const depth = Math.max(...paths.map(({ exact }) => exact.length))
  for (let step = 1; step <= depth; step++) {
    const rows = paths
      .map((path, i) => ({ ...path, puzzle: path.puzzle ?? i }))
      .filter(({ exact }) => exact.length >= step)
    const at = (values: readonly number[] | undefined): number => values?.[step - 1] ?? 1
    builder.add({
      step,
      size: rows.length,
      puzzle: Int32Array.from(rows, ({ puzzle }) => puzzle),
      version: Int32Array.from(rows, ({ version = 0 }) => version),
      rollout: Int32Array.from(rows, ({ rollout = 0 }) => rollout),
      exact: Uint8Array.from(rows, ({ exact }) => at(exact)),
      qHalt: Float32Array.from(rows, ({ q }) => at(q)),
      deltaY: Float32Array.from(rows, ({ deltaY }) => at(deltaY)),
      deltaZ: Float32Array.from(rows, ({ deltaZ }) => at(deltaZ)),
    })
  }
  return builder.end()
}
