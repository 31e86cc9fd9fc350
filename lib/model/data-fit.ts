import type { DatasetManifest } from '../data/dataset.js'
import { UserError } from '../errors.js'
import { tokensTask } from '../tasks/tokens/task.js'
import type { ModelShape } from './shape.js'

/** The data set that a model was made for, as far as the model says it. */
export interface ModelOfData {
  /** Name of the task; null if unknown. */
  readonly task: string | null
  readonly shape: Pick<ModelShape, 'seqLen' | 'vocabSize' | 'puzzleDim' | 'puzzleIdentifiers'>
}

/** How a misfit is reported, and how strict the check is. */
export interface DataFitOptions {
  /** The data set, for the error. */
  readonly where: string
  /** The remedy. */
  readonly todo: string
  /** Whether every row of the puzzle embedding must be one of the data set's puzzles. Default false: rows may be left over. */
  readonly everyRow?: boolean
}

/**
 * Checks a data set against a model: the task where both are known, the length of a puzzle, the vocabulary, and the rows
 * of the puzzle embedding.
 *
 * @throws UserError (exit code 2) naming the first that does not fit.
 */
export function checkDataFits(
  { task, shape }: ModelOfData,
  manifest: DatasetManifest,
  { where, todo, everyRow = false }: DataFitOptions,
): void {
  const check = (fits: boolean, expected: string, found: number | string): void => {
    if (!fits) throw new UserError({ where, expected, found: String(found), todo, exitCode: 2 })
  }
  const { seqLen, vocabSize, puzzleDim, puzzleIdentifiers: rows } = shape
  const isOther = isKnown(task) && isKnown(manifest.task) && task !== manifest.task
  check(!isOther, `a data set of task=${task}, which the model was made for`, `one of task=${manifest.task}`)
  check(seqLen === manifest.seqLen, `puzzles of ${seqLen} tokens, as the model has`, manifest.seqLen)
  check(vocabSize === manifest.vocabSize, `a vocabulary of ${vocabSize} tokens, as the model has`, manifest.vocabSize)
  if (puzzleDim === 0) return
  const { puzzleIdentifiers } = manifest
  check(
    everyRow ? puzzleIdentifiers === rows : puzzleIdentifiers <= rows,
    `${everyRow ? '' : 'at most '}${rows} puzzle identifiers, the rows of the model's puzzle embedding`,
    puzzleIdentifiers,
  )
}

function isKnown(task: string | null): boolean {
  return task !== null && task !== tokensTask.name
}
