import { parseConfig } from '../../config/parse.js'
import type { Dataset } from '../../data/dataset.js'
import { BLANK_IDENTIFIER } from '../../data/identifiers.js'
import { UserError } from '../../errors.js'
import type { WeightsFile } from '../../interop/weights-file.js'
import { CHECKPOINT_FORMAT, WEIGHTS_FORMAT } from '../../interop/weights-format.js'
import type { ModelShape } from '../../model/shape.js'
import { nearest } from '../../options/nearest.js'
import type { PosedPuzzle } from '../../tasks/posed.js'
import { datasetOf } from '../data/dataset.js'

/** The row of the puzzle embedding that a puzzle is asked under. */
export interface Identifier {
  readonly id: number
  readonly name: string
  /** Assumptions, one sentence each. */
  readonly notes: readonly string[]
}

const BLANK: Identifier = { id: 0, name: BLANK_IDENTIFIER, notes: [] }

/**
 * Finds the row of the puzzle embedding by the name that a puzzle is known under; a puzzle without one has the blank row.
 *
 * @param data the data set that names the identifiers; default the one that the weights were trained on
 * @throws UserError when the data set that was named has other identifiers than the model.
 */
export async function findIdentifier(
  file: WeightsFile,
  { identifier: name }: PosedPuzzle,
  shape: ModelShape,
  data: Dataset | undefined,
): Promise<Identifier> {
  if (name === null || shape.puzzleDim === 0 || shape.puzzleIdentifiers < 2) return BLANK
  if (data && data.identifiers.count !== shape.puzzleIdentifiers)
    throw new UserError({
      where: 'key data',
      expected: `a data set with ${shape.puzzleIdentifiers} puzzle identifiers, as the model has`,
      found: String(data.identifiers.count),
    })
  if (name === '') return blank('the task has no name; task=NAME gives it one')
  const known = data ? { data, problem: '' } : await trainedOn(file)
  if (!known.data) return blank(known.problem)
  const { identifiers } = known.data
  for (let id = 1; id < identifiers.count; id++)
    if (identifiers.name(id) === name) return { id, name, notes: mismatch(file, known.data) }
  return blank(`the data set of the weights has no task ${name}${similar(known.data, name)}`)
}

function blank(reason: string): Identifier {
  const effect = 'the blank puzzle identifier is used, with which published models solve nothing'
  return { ...BLANK, notes: [`${reason}: ${effect}`] }
}

/** The data set that the weights say they were trained on, where it can be had. */
async function trainedOn(file: WeightsFile): Promise<{ data: Dataset | null; problem: string }> {
  const config = parseConfig(file.config)
  const own = file.format === CHECKPOINT_FORMAT || file.format === WEIGHTS_FORMAT
  if (config.data === null && !own)
    return { data: null, problem: 'the weights do not say which data set names their identifiers (data=DIR does)' }
  try {
    const data = await datasetOf(config)
    if (file.dataHash !== null && data.hash !== file.dataHash)
      return { data: null, problem: 'the data set of the weights is not what they were trained on any more' }
    return { data, problem: '' }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return { data: null, problem: `the data set of the weights cannot be had (${error.message})` }
  }
}

function mismatch({ dataHash }: WeightsFile, data: Dataset): string[] {
  return dataHash === null || dataHash === data.hash
    ? []
    : ['the weights were trained on another data set than data=DIR']
}

/** The nearest of the tasks that are tested. */
function similar({ testTasks }: Dataset, name: string): string {
  const near = nearest(
    name,
    (testTasks ?? []).map((task) => task.name),
  )
  return near ? ` (is it ${near}?)` : ''
}
