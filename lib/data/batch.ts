import { UserError } from '../errors.js'
import { type Augmentation, type Batch, type DatasetManifest, IGNORE_LABEL, type Split } from './dataset.js'

/** A batch of zeros. @throws UserError when its size is no whole number of 1 or more. */
export function emptyBatch(size: number, seqLen: number): Batch {
  if (!(Number.isInteger(size) && size >= 1))
    throw new UserError({
      where: 'key batch',
      expected: 'a whole number of 1 or more',
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
