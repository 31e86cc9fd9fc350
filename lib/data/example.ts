import { UserError } from '../errors.js'
import { answerIsKnown } from './answers.js'
import { emptyBatch, putExample } from './batch.js'
import { type Dataset, runAt } from './dataset.js'
import { splitNamed } from './split-named.js'

/** Selection of one example and its version. */
export interface ExampleChoice {
  /** Default: `train`; `test` when the training split is empty. */
  readonly split?: 'train' | 'test'
  /** Index in the split. Default: 0. */
  readonly example?: number
  /**
   * Version as training draws it; version 0 is the puzzle itself, which training may still translate. Default: as
   * stored.
   */
  readonly version?: number
  /** Seed of the versions, equal to a run's `seed`. Default: 0. */
  readonly seed?: number
}

/** One example in one version. */
export interface Example {
  readonly split: 'train' | 'test'
  readonly example: number
  /** null for the example as stored. */
  readonly version: number | null
  /** `[seqLen]` tokens. */
  readonly input: Uint8Array
  /** `[seqLen]` tokens as stored; all are the ignore label when the answer is unknown. */
  readonly label: Uint8Array
  /** Whether the answer is known. */
  readonly answered: boolean
  /** Puzzle-embedding row. */
  readonly puzzleId: number
  /** Name of the puzzle-embedding row. */
  readonly identifier: string
  /** Rating as stored in the split; 0 when unknown. */
  readonly rating: number
}

/** Returns an example, augmented as in training. @throws UserError (exit code 2) for another split, and when its index is out of range. */
export function exampleOf(data: Dataset, choice: ExampleChoice = {}): Example {
  const name = choice.split ?? (data.train.count > 0 ? 'train' : 'test')
  const { example = 0, version = null, seed = 0 } = choice
  const split = splitNamed(data, name)
  checkNumber('example', example, split.count, `the ${name} split`)
  const versions = data.augment ? data.augment.versions(split, runAt(split.puzzleStarts, example)) : 1
  checkNumber('version', version ?? 0, versions ?? 2 ** 31 - 1, `versions of example ${example}`)
  const batch = emptyBatch(1, split.seqLen)
  putExample(batch, 0, split, version === null ? null : data.augment, example, version ?? 0, seed)
  const answered = answerIsKnown(data, name, example)
  if (!answered) batch.labels.fill(data.manifest.ignoreLabelId)
  const puzzleId = batch.puzzleIds[0]!
  return {
    split: name,
    example,
    version,
    input: Uint8Array.from(batch.inputs),
    label: Uint8Array.from(batch.labels),
    answered,
    puzzleId,
    identifier: data.identifiers.name(puzzleId),
    rating: split.ratings[example]!,
  }
}

function checkNumber(key: string, value: number, count: number, of: string): void {
  if (Number.isInteger(value) && value >= 0 && value < count) return
  throw new UserError({
    where: `key ${key}`,
    expected: count === 0 ? `an example, but ${of} has none` : `0…${count - 1} (${count} in ${of})`,
    found: String(value),
    exitCode: 2,
  })
}
