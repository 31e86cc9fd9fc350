import { UserError } from '../errors.js'
import { type Augmentation, type Batch, type DatasetManifest, IGNORE_LABEL, type Split } from './dataset.js'

/** Tokens of a batch, at most: a GiB for its inputs and as much for its labels. */
const MOST_TOKENS = 2 ** 28

/** A batch of zeros. @throws UserError when its size is no whole number of 1 or more, or too large for any memory. */
export function emptyBatch(size: number, seqLen: number): Batch {
  if (!(Number.isInteger(size) && size >= 1))
    throw new UserError({
      where: 'key batch',
      expected: 'a whole number of 1 or more',
      found: String(size),
      exitCode: 2,
    })
  if (size * Math.max(1, seqLen) > MOST_TOKENS)
    throw new UserError({
      where: 'key batch',
      expected: `at most ${Math.floor(MOST_TOKENS / Math.max(1, seqLen))} rows`,
      found: String(size),
      exitCode: 2,
    })
  return {
    size,
    seqLen,
    inputs: new Int32Array(size * seqLen),
    labels: new Int32Array(size * seqLen),
    puzzleIds: new Int32Array(size),
    rows: new Int32Array(size),
    versions: new Int32Array(size),
  }
}

/** Puts a version of an example into row `row` of a batch, labels as they are stored. */
export function putExample(
  batch: Batch,
  row: number,
  split: Split,
  augment: Augmentation | null,
  example: number,
  version: number,
  seed: number,
): void {
  const { seqLen } = split
  if (augment) augment.write(split, example, version, seed, batch.inputs, batch.labels, row * seqLen)
  else {
    batch.inputs.set(split.inputs.subarray(example * seqLen, (example + 1) * seqLen), row * seqLen)
    batch.labels.set(split.labels.subarray(example * seqLen, (example + 1) * seqLen), row * seqLen)
  }
  batch.puzzleIds[row] = augment ? augment.puzzleId(split, example, version) : split.puzzleIds[example]!
  batch.rows[row] = example
  batch.versions[row] = version
}

/** Replaces the stored label that is not to be counted. */
export function ignoreLabels({ labels }: Batch, { ignoreLabelId }: DatasetManifest): void {
  for (let i = 0; i < labels.length; i++) if (labels[i] === ignoreLabelId) labels[i] = IGNORE_LABEL
}
