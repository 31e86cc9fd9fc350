import { parseConfig } from '../../lib/config/parse.js'
import type { ConfigInput } from '../../lib/config/schema.js'
import { expandGrid, type Grid } from '../../lib/experiment/sweep/grid.js'
import { type FinishedRun, Runs } from '../../lib/index.js'

export type Evaluation = FinishedRun['evaluations'][number]

/** An evaluation of 300 puzzles at step 100. */
export function evaluation(exact: number, changes: Partial<Evaluation> = {}): Evaluation {
  return {
    step: 100,
    'test.exact': exact,
    'test.cells': 0.9,
    'test.haltAccuracy': 1,
    'test.halted': 1,
    'test.rows': 3 + exact,
    supervisionSteps: 8,
    puzzles: 300,
    scored: 300,
    trainSeconds: 1,
    evaluationSeconds: 2,
    ...changes,
  }
}

/** Runs of a grid without training them, each with its accuracy at the last evaluation. */
export function runsOf(grid: Grid, exact: readonly number[], base: ConfigInput = {}): FinishedRun[] {
  return expandGrid({ task: 'sudoku', hidden: 32, batch: 8, ...base }, grid).map(({ input, names }, i) => ({
    id: `run-${i}`,
    dir: '',
    config: parseConfig(input),
    parameters: 10,
    names,
    ended: 'trainSteps',
    provenance: { dataHash: 'abc' },
    evaluations: [evaluation(exact[i]!)],
    metrics: [{ step: 100, 'train.loss': 2 - exact[i]! }],
  }))
}

/** Returns the runs of a grid, with their comparisons. */
export function gridRuns(grid: Grid, exact: readonly number[], base: ConfigInput = {}): Runs {
  return new Runs(runsOf(grid, exact, base))
}
