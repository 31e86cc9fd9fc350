import { UserError } from '../errors.js'
import { type Augmentation, type Batch, type DatasetManifest, IGNORE_LABEL, type Split } from './dataset.js'

/** Maximum number of tokens in a batch: 1 GiB of inputs and 1 GiB of labels. */
const MOST_TOKENS = 2 ** 28

/**
 * Returns a batch of zeros: inputs and labels `[size, seqLen]`.
 *
 * @throws UserError when the size is not a positive integer, or exceeds the memory limit.
 */
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

/** Writes one version of an example into row `row` of a batch, with labels as stored. */
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

/** Replaces the stored ignore label by {@link IGNORE_LABEL}, in place. */
export function ignoreLabels({ labels }: Batch, { ignoreLabelId }: DatasetManifest): void {
  for (let i = 0; i < labels.length; i++) if (labels[i] === ignoreLabelId) labels[i] = IGNORE_LABEL
}
