import { UserError } from '../errors.js'
import { answerIsKnown } from './answers.js'
import { type Batch, type Dataset, type DrawOptions, IGNORE_LABEL } from './dataset.js'
import { unlimitedVersions } from './pool.js'
import { trainingBatches } from './sampler.js'

/** Completes the parts of a data set with `batch`. Every constructor and loader of data sets ends here. */
export function makeDataset(parts: Omit<Dataset, 'batch'>): Dataset {
  return { ...parts, batch: drawBatch }
}

function drawBatch(this: Dataset, split: 'train' | 'test', { size = 64, seed = 0, augment }: DrawOptions = {}): Batch {
  if (split !== 'train' && split !== 'test')
    throw new UserError({ where: 'batch, split', expected: 'train or test', found: String(split), exitCode: 2 })
  if (!(Number.isInteger(size) && size >= 1))
    throw new UserError({
      where: 'batch, size',
      expected: 'a whole number of 1 or more',
      found: String(size),
      exitCode: 2,
    })
  const fresh = split === 'train' && unlimitedVersions(this) ? 'fresh' : undefined
  const drawn = { manifest: this.manifest, train: this[split], augment: this.augment }
  const batch = trainingBatches(drawn, { batch: size, seed, augment: augment ?? fresh }).next()
  for (let row = 0; row < size; row++)
    if (!answerIsKnown(this, split, batch.rows[row]!))
      batch.labels.fill(IGNORE_LABEL, row * batch.seqLen, (row + 1) * batch.seqLen)
  return batch
}
