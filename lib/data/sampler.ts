import { UserError } from '../errors.js'
import { Random } from '../random.js'
import { type Batch, type Dataset, type DatasetManifest, IGNORE_LABEL, type Split } from './dataset.js'
import { streamFamily } from './streams.js'

/** How training batches are drawn. */
export interface SamplerOptions {
  /** Rows B. */
  readonly batch: number
  readonly seed: number
  /** Augmented versions of each puzzle beside itself, or `fresh`: new ones without end. Default 0. */
  readonly augment?: number | 'fresh'
  /** Epochs after which a batch that is not full is dropped, as the published code does at an evaluation. Default: never. */
  readonly intervalEpochs?: number
}

/** Where a sampler stands: with the same data and options it goes on from here bit for bit. */
export interface SamplerState {
  /** Passes over the puzzles that are complete. */
  readonly epoch: number
  /** Puzzles of the current pass that were drawn. */
  readonly index: number
}

/** Training batches without end. */
export interface TrainingBatches {
  next(): Batch
  state(): SamplerState
  /** @throws UserError when a state is not of this data. */
  restore(state: SamplerState): void
}

/** Versions drawn by `fresh` are numbered with 31 bits. */
const FRESH = 2 ** 31 - 1

/**
 * Training batches: in every epoch each group is drawn once, in an order that (seed, epoch) gives; epochs run on into
 * each other. A group is a base puzzle with all its versions; which version is drawn, (seed, epoch, index) gives.
 * A pure function of the options and the position.
 *
 * @throws UserError when there is nothing to draw, or an interval is shorter than a batch.
 */
export function trainingBatches(dataset: Dataset, options: SamplerOptions): TrainingBatches {
  const { train, augment, manifest } = dataset
  const { batch: size, seed, intervalEpochs } = options
  const groups = train.count
  check(groups, options)
  const versionOf = versionPicker(seed, augment ? (options.augment ?? 0) : 0)
  const order = Int32Array.from({ length: groups }, (_, i) => i)
  let orderEpoch = -1
  let epoch = 0
  let index = 0

  function groupAt(): number {
    if (orderEpoch !== epoch) {
      for (let i = 0; i < groups; i++) order[i] = i
      Random.of(seed, 'epoch', epoch).shuffle(order)
      orderEpoch = epoch
    }
    return order[index]!
  }

  /** Passes over the end of an interval that no longer fills a batch. */
  function dropPartialBatch(): void {
    if (intervalEpochs === undefined) return
    const left = (intervalEpochs - (epoch % intervalEpochs)) * groups - index
    if (left >= size) return
    epoch += intervalEpochs - (epoch % intervalEpochs)
    index = 0
  }

  return {
    next() {
      dropPartialBatch()
      const batch = emptyBatch(size, train.seqLen)
      for (let row = 0; row < size; row++) {
        const puzzle = groupAt()
        const version = versionOf(epoch, index)
        if (augment && version > 0)
          augment(train, puzzle, seed, version, batch.inputs, batch.labels, row * train.seqLen)
        else copyPuzzle(train, puzzle, batch, row)
        batch.puzzleIds[row] = train.puzzleIds[puzzle]!
        batch.rows[row] = puzzle
        if (++index === groups) {
          index = 0
          epoch++
        }
      }
      ignoreLabels(batch, manifest)
      return batch
    },
    state: () => ({ epoch, index }),
    restore(state) {
      const fits = Number.isSafeInteger(state.epoch) && state.epoch >= 0 && Number.isSafeInteger(state.index)
      if (!fits || state.index < 0 || state.index >= groups)
        throw new UserError({
          where: 'position in the training data',
          expected: `an epoch and an index below ${groups}`,
          found: JSON.stringify(state),
          todo: 'Was the run started with other data?',
        })
      epoch = state.epoch
      index = state.index
    },
  }
}

/**
 * All puzzles of a split in order. The last batch is filled up with rows of padding: inputs `padId`, labels
 * {@link IGNORE_LABEL}, the blank identifier, row -1.
 */
export function* evaluationBatches(split: Split, size: number, manifest: DatasetManifest): Generator<Batch, void> {
  if (!(Number.isInteger(size) && size >= 1)) throw wrongBatch(size)
  for (let start = 0; start < split.count; start += size) {
    const batch = emptyBatch(size, split.seqLen)
    batch.inputs.fill(manifest.padId)
    batch.labels.fill(manifest.ignoreLabelId)
    batch.puzzleIds.fill(manifest.blankId)
    batch.rows.fill(-1)
    for (let row = 0; row < size && start + row < split.count; row++) {
      copyPuzzle(split, start + row, batch, row)
      batch.puzzleIds[row] = split.puzzleIds[start + row]!
      batch.rows[row] = start + row
    }
    ignoreLabels(batch, manifest)
    yield batch
  }
}

/** The version to draw at a position: 0…A, or a number without end. */
function versionPicker(seed: number, augment: number | 'fresh'): (epoch: number, index: number) => number {
  if (augment === 0) return () => 0
  const streams = streamFamily(seed, 'augment')
  const versions = augment === 'fresh' ? FRESH : augment + 1
  return (epoch, index) => streams(epoch, index).int(versions)
}

function emptyBatch(size: number, seqLen: number): Batch {
  return {
    size,
    seqLen,
    inputs: new Int32Array(size * seqLen),
    labels: new Int32Array(size * seqLen),
    puzzleIds: new Int32Array(size),
    rows: new Int32Array(size),
  }
}

function copyPuzzle(split: Split, puzzle: number, batch: Batch, row: number): void {
  const { seqLen } = split
  batch.inputs.set(split.inputs.subarray(puzzle * seqLen, (puzzle + 1) * seqLen), row * seqLen)
  batch.labels.set(split.labels.subarray(puzzle * seqLen, (puzzle + 1) * seqLen), row * seqLen)
}

function ignoreLabels({ labels }: Batch, { ignoreLabelId }: DatasetManifest): void {
  for (let i = 0; i < labels.length; i++) if (labels[i] === ignoreLabelId) labels[i] = IGNORE_LABEL
}

function check(groups: number, { batch, augment = 0, intervalEpochs }: SamplerOptions): void {
  if (!(Number.isInteger(batch) && batch >= 1)) throw wrongBatch(batch)
  if (groups === 0)
    throw new UserError({
      where: 'data set',
      expected: 'puzzles to train on',
      found: 'none in the train split',
      todo: 'Build it with train=N.',
    })
  if (augment !== 'fresh' && !(Number.isInteger(augment) && augment >= 0 && augment < FRESH))
    throw new UserError({
      where: 'key augment',
      expected: 'a whole number or fresh',
      found: String(augment),
      exitCode: 2,
    })
  if (intervalEpochs === undefined) return
  if (!(Number.isInteger(intervalEpochs) && intervalEpochs >= 1))
    throw new UserError({
      where: 'key intervalEpochs',
      expected: 'a whole number of 1 or more',
      found: String(intervalEpochs),
      exitCode: 2,
    })
  if (intervalEpochs * groups < batch)
    throw new UserError({
      where: 'key batch',
      expected: `at most ${intervalEpochs * groups}, the puzzles of an evaluation interval (${intervalEpochs} epochs of ${groups})`,
      found: String(batch),
      todo: 'Use a smaller batch or evaluate less often.',
      exitCode: 2,
    })
}

function wrongBatch(found: number): UserError {
  return new UserError({
    where: 'key batch',
    expected: 'a whole number of 1 or more',
    found: String(found),
    exitCode: 2,
  })
}
