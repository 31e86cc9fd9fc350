import type { Dataset } from '../../data/dataset.js'
import { type ExampleChoice, exampleOf } from '../../data/example.js'
import type { CellVerdict, PosedPuzzle } from '../../tasks/posed.js'
import { judgeOf } from '../../tasks/registry.js'

/** An example of a data set as a posed puzzle, with its row of the puzzle embedding. */
export interface PosedExample {
  readonly posed: PosedPuzzle
  readonly puzzleId: number
  /** E.g. `test example 3`. */
  readonly name: string
}

/**
 * Poses an example of a data set: judged by the task's rules where it has a judge, else by the stored answer.
 *
 * @throws UserError (exit code 2) if there is no such example or version.
 */
export function posedExample(data: Dataset, choice: ExampleChoice): PosedExample {
  const { manifest } = data
  const example = exampleOf(data, { split: 'test', ...choice })
  const { input, label, answered, puzzleId } = example
  const judge = judgeOf(manifest)
  const isRight = (predicted: ArrayLike<number>, cell: number): boolean =>
    label[cell] === manifest.ignoreLabelId || label[cell] === predicted[cell]
  const isExact = (predicted: ArrayLike<number>): boolean => label.every((_, cell) => isRight(predicted, cell))
  const solved = (predicted: ArrayLike<number>): boolean | null =>
    judge ? judge(input, predicted).valid! : answered ? isExact(predicted) : null
  const name = `${example.split} example ${example.example}`
  const posed: PosedPuzzle = {
    spec: manifest,
    name,
    identifier: null,
    input,
    answer: answered ? label : null,
    notes: [],
    judge(predicted) {
      const right = solved(predicted)
      if (right === null) return { solved: null, words: 'the answer is unknown' }
      if (answered && isExact(predicted)) return { solved: right, words: 'equal to the stored answer' }
      return { solved: right, words: right ? 'correct by the rules, but not the stored answer' : 'wrong' }
    },
    marks: (predicted) =>
      Array.from(
        input,
        (_, cell): CellVerdict =>
          answered && !isRight(predicted, cell) && solved(predicted) !== true ? 'wrong' : 'none',
      ),
    write: (tokens) => Array.from(tokens).join(' '),
  }
  return { posed, puzzleId, name }
}
