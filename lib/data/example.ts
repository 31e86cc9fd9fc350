import { UserError } from '../errors.js'
import { answerIsKnown } from './answers.js'
import { emptyBatch, putExample } from './batch.js'
import { type Dataset, runAt } from './dataset.js'

/** Choice of an example and its version. */
export interface ExampleChoice {
  /** Default: `train`, or `test` where nothing is there to train on. */
  readonly split?: 'train' | 'test'
  /** Index in the split. Default 0. */
  readonly example?: number
  /** As training draws it, 0 being the puzzle itself (which training may move on its board). Default: as it is stored. */
  readonly version?: number
  /** Seed of the versions, a run's `seed`. Default 0. */
  readonly seed?: number
}

/** One example in one version. */
export interface Example {
  readonly split: 'train' | 'test'
  readonly example: number
  /** Null: as it is stored. */
  readonly version: number | null
  /** `[seqLen]` tokens. */
  readonly input: Uint8Array
  /** `[seqLen]` tokens as stored; where the answer is not known, the label that is not counted. */
  readonly label: Uint8Array
  /** Whether the answer is known. */
  readonly answered: boolean
  /** Row of the puzzle embedding. */
  readonly puzzleId: number
  /** Name of that row. */
  readonly identifier: string
  /** As the split has it; 0 where none is known. */
  readonly rating: number
}

/** An example, varied as training varies it. @throws UserError (exit code 2) when there is none of that number. */
export function exampleOf(data: Dataset, choice: ExampleChoice = {}): Example {
  const name = choice.split ?? (data.train.count > 0 ? 'train' : 'test')
  const { example = 0, version = null, seed = 0 } = choice
  const split = data[name]
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
    expected: count === 0 ? `an example, which ${of} has none of` : `0…${count - 1} (${count} in ${of})`,
    found: String(value),
    exitCode: 2,
  })
}
