import type { Dataset } from '../../data/dataset.js'
import { registerDefinition } from '../../tasks/define/define.js'
import type { DefinedOptions, TaskDefinition } from '../../tasks/define/definition.js'
import { forModels } from './make-data.js'

/** Makes data sets of a defined task: of `train` and `test` puzzles (default 200 and 300) that `seed` (default 0) gives. */
export type DefinedTask = (options?: DefinedOptions) => Promise<Dataset>

/**
 * Defines a task of grids for this process: its symbols, its puzzles, a judge of answers and its symmetries. `train`, `sweep`,
 * `evaluate` (`test.exact`, and `test.valid` by the judge), `solve`, `showPuzzle`, `datasetFacts`, `saveDataset` and `resume`
 * then know it under its name, also as the configuration's `task`. Defining it again replaces it. The hash of a data set's
 * content tells whether a stored one is the same.
 *
 * @returns the function that makes its data sets: the splits have no puzzle in common, nor one that the symmetries turn into
 * another (up to 10,000 combinations of them)
 * @example
 * const copy = defineTask({
 *   name: 'copy', vocabulary: ['.', 'a', 'b'], rows: 1, columns: 8,
 *   generate: (random) => {
 *     const answer = Array.from({ length: 8 }, () => 'ab'[random.int(2)]!)
 *     return { question: answer.map((symbol) => (random.int(4) === 0 ? '.' : symbol)), answer }
 *   },
 *   judge: (question, answer) => answer.every((symbol, i) => symbol !== '.' && (question[i] === '.' || question[i] === symbol)),
 * })
 * const data = await copy({ train: 100, test: 50, seed: 0 })
 * @throws UserError for a wrong definition; its data sets, for puzzles that are none, answers that the judge does not accept,
 * and more puzzles than there are.
 */
export function defineTask(definition: TaskDefinition): DefinedTask {
  const { builder } = registerDefinition(definition)
  return (options = {}) => forModels((make) => builder!.build({ ...options }, make))
}
