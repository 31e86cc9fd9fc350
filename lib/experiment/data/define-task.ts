import type { Dataset } from '../../data/dataset.js'
import { registerDefinition } from '../../tasks/define/define.js'
import type { DefinedOptions, TaskDefinition } from '../../tasks/define/definition.js'
import { forModels } from './make-data.js'

/**
 * Makes data sets of a defined task: `train` and `test` puzzles (default 200 and 300), generated from `seed` (default 0).
 * It also starts the backend, which `createModel` needs.
 */
export type DefinedTask = (options?: DefinedOptions) => Promise<Dataset>

/**
 * Defines a task of grids for this process: its symbols, its puzzles, a judge of answers and its symmetries. `train`,
 * `sweep`, `evaluate` (`test.exact`, and `test.valid` by the judge), `solve`, `showPuzzle`, `datasetFacts`, `saveDataset`
 * and `resume` then accept its name, as does the configuration key `task`. Defining it again replaces it. The content hash
 * of a data set tells whether a stored one is the same.
 *
 * @returns the function that makes its data sets: the splits share no puzzle, not even up to symmetry (up to 10,000
 * combinations of symmetries)
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
 * @throws UserError for an invalid definition; its data sets, for invalid puzzles, answers that the judge rejects, and more
 * puzzles than exist.
 */
export function defineTask(definition: TaskDefinition): DefinedTask {
  const { builder } = registerDefinition(definition)
  return (options = {}) => forModels((make) => builder!.build({ ...options }, make))
}
