import type { Dataset } from '../data/dataset.js'
import type { ExampleChoice } from '../data/example.js'
import {
  type DrawnOutcome,
  predictionPicture,
  puzzlePicture,
  type VersionsChoice,
  versionsPicture,
} from '../plot/puzzle.js'
import { type Display, show } from './display.js'

/**
 * Shows an example with its answer.
 *
 * @param choice default: the first training puzzle as it is
 * @example
 * showPuzzle(data, { split: 'test', example: 3 })
 * @throws UserError (exit code 2) if there is no such example or version.
 */
export function showPuzzle(data: Dataset, choice: ExampleChoice = {}): Display {
  return show(puzzlePicture(data, choice))
}

/**
 * Shows versions of one puzzle side by side, as training sees them, with their answers below.
 *
 * @param choice default: four versions of the first training puzzle, the puzzle itself first
 * @example
 * showVersions(data, { example: 3, count: 6, seed: 1 })
 * @throws UserError (exit code 2) if there is no such example.
 */
export function showVersions(data: Dataset, choice: VersionsChoice = {}): Display {
  return show(versionsPicture(data, choice))
}

/**
 * Shows a test puzzle, its answer, and a model's prediction, with the wrong cells framed.
 *
 * @param outcome of an evaluation, e.g. `evaluation.outcomes[0]`
 * @param choice the split that was evaluated, default `test`, and the version
 * @throws UserError (exit code 2) if there is no such example.
 */
export function showPrediction(
  data: Dataset,
  outcome: DrawnOutcome,
  choice: Pick<ExampleChoice, 'split' | 'version' | 'seed'> = {},
): Display {
  return show(predictionPicture(data, outcome, choice))
}
