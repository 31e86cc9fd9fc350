import { parseConfig } from '../lib/config/parse.js'
import type { Config, ConfigInput } from '../lib/config/schema.js'
import type { Dataset } from '../lib/data/dataset.js'
import { datasetOf, runConfig } from '../lib/experiment/data/dataset.js'
import { runWork } from '../lib/experiment/estimate/work.js'
import type { ModelShape } from '../lib/model/shape.js'
import { presets } from '../lib/tasks/presets.js'

/** Rollouts that are timed: all rows think for `depth` supervision steps. */
export interface ThinkWork {
  /** Name for `only=`: the preset of the model and its puzzles. */
  readonly name: string
  readonly title: string
  readonly config: Config
  readonly puzzles: number
  /** K: rollouts of each puzzle. */
  readonly rollouts: number
  /** D: supervision steps. */
  readonly depth: number
  /** σ of the noise on z. */
  readonly noise: number
}

/** σ of the noise on z, as in PTRM's Sudoku (arXiv 2605.19943, table 3). */
const NOISE = 0.3

function work(
  name: string,
  title: string,
  sizes: Pick<ThinkWork, 'puzzles' | 'rollouts' | 'depth'>,
  change: ConfigInput,
): ThinkWork {
  const config = parseConfig({ ...presets[name]!.config, trainPuzzles: 10, testPuzzles: sizes.puzzles, ...change })
  return { name, title, config, noise: NOISE, ...sizes }
}

/** The timed rollouts: pocket models, and the paper's Sudoku on generated puzzles with fewer steps. */
export const thinkWorks: readonly ThinkWork[] = [
  work('sudoku-pocket', 'Sudoku 4×4', { puzzles: 16, rollouts: 25, depth: 16 }, {}),
  work('sudoku-6x6-pocket', 'Sudoku 6×6', { puzzles: 16, rollouts: 25, depth: 16 }, {}),
  work(
    'sudoku-paper',
    'Sudoku 9×9, D = 512',
    { puzzles: 4, rollouts: 8, depth: 2 },
    { data: null, box: '3x3', augment: null },
  ),
]

/** The ladder: pocket puzzles that think for long, each once and without noise. */
export const ladderWork: ThinkWork = {
  ...work('sudoku-pocket', 'ladder', { puzzles: 1000, rollouts: 1, depth: 256 }, { clues: 6, trainPuzzles: 10 }),
  noise: 0,
}

/** Returns the work of a title. @param puzzles other than its own number */
export function workOf(title: string, puzzles?: number): ThinkWork {
  const known = [...thinkWorks, ladderWork].find((work) => work.title === title)!
  return puzzles === undefined ? known : { ...known, puzzles, config: { ...known.config, testPuzzles: puzzles } }
}

/** Returns the puzzles of a work and the model's sizes. */
export async function prepared({ config }: ThinkWork): Promise<{ readonly data: Dataset; readonly shape: ModelShape }> {
  const data = await datasetOf(config)
  return { data, shape: runWork(runConfig(config, data), data).shape }
}
