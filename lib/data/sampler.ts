import { UserError } from '../errors.js'
import { Random } from '../random.js'
import { emptyBatch, ignoreLabels, putExample } from './batch.js'
import type { Batch, Dataset, Split } from './dataset.js'
import { trainingPool } from './pool.js'
import { streamFamily } from './streams.js'

/** How training batches are drawn. */
export interface SamplerOptions {
  /** Rows B. */
  readonly batch: number
  readonly seed: number
  /**
   * Augmented versions of each puzzle beside itself, or `fresh`: new ones without end. Default: none, or those that
   * the data set fixes.
   */
  readonly augment?: number | 'fresh' | undefined
  /** Epochs after which a batch that is not full is dropped, as the published code does at an evaluation. Default: never. */
  readonly intervalEpochs?: number | undefined
}

/** Where a sampler stands: with the same data and options it goes on from here bit for bit. */
export interface SamplerState {
  /** Passes over the groups that are complete. */
  readonly epoch: number
  /** Groups of the current pass that were drawn. */
  readonly index: number
}

/** The parts of a data set that training batches are drawn from. */
export type TrainingData = Pick<Dataset, 'manifest' | 'train' | 'augment'>

/** Training batches without end. */
export interface TrainingBatches {
  next(): Batch
  state(): SamplerState
  /** @throws UserError when a state is not of this data. */
  restore(state: SamplerState): void
}

/**
 * Training batches: in every epoch each group is drawn once, in an order that (seed, epoch) gives; epochs run on into
 * each other. Of a group one puzzle is drawn, in one version; which, (seed, epoch, index) gives. All its examples go
 * into the batch, or as many as still fit, drawn without replacement. A pure function of the options and the position.
 *
 * @throws UserError when there is nothing to draw, or an interval is shorter than a batch.
 */
export function trainingBatches(dataset: TrainingData, options: SamplerOptions): TrainingBatches {
  const { train, augment, manifest } = dataset
  const { batch: size, seed, intervalEpochs } = options
  const groups = train.groupStarts.length - 1
  emptyBatch(size, 0)
  const pool = trainingPool(dataset, options.augment)
  checkInterval(train, options)
  const puzzleStreams = streamFamily(seed, 'augment')
  const exampleStreams = streamFamily(seed, 'examples')
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

  /** The examples that the next group puts into a batch with `room` left, and their version. */
  function draw(room: number): { examples: Int32Array; version: number } {
    const group = groupAt()
    const puzzles = pool.size(group)
    const { puzzle, version } = pool.at(group, puzzles > 1 ? puzzleStreams(epoch, index).int(puzzles) : 0)
    const first = train.puzzleStarts[puzzle]!
    const count = train.puzzleStarts[puzzle + 1]! - first
    const examples = Int32Array.from({ length: count }, (_, i) => first + i)
    if (count > 1) exampleStreams(epoch, index).shuffle(examples)
    return { examples: examples.subarray(0, room), version }
  }

  return {
    next() {
      const batch = emptyBatch(size, train.seqLen)
      let filled = 0
      const interval = (): number => Math.floor(epoch / (intervalEpochs ?? Number.POSITIVE_INFINITY))
      let began = interval()
      while (filled < size) {
        // A batch that an interval's end leaves unfinished is dropped: the next interval begins one of its own.
        if (interval() !== began) {
          began = interval()
          filled = 0
        }
        const { examples, version } = draw(size - filled)
        for (const example of examples) putExample(batch, filled++, train, augment, example, version, seed)
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

function checkInterval(train: Split, { batch, intervalEpochs }: SamplerOptions): void {
  if (train.count === 0)
    throw new UserError({
      where: 'data set',
      expected: 'puzzles to train on',
      found: 'none in the train split',
      todo: 'Build it with train=N.',
    })
  if (intervalEpochs === undefined) return
  if (!(Number.isInteger(intervalEpochs) && intervalEpochs >= 1))
    throw new UserError({
      where: 'key intervalEpochs',
      expected: 'a whole number of 1 or more',
      found: String(intervalEpochs),
      exitCode: 2,
    })
  const groups = train.groupStarts.length - 1
  const drawn = intervalEpochs * leastExamples(train)
  if (drawn < batch)
    throw new UserError({
      where: 'key batch',
      expected: `at most ${drawn}, the puzzles of an evaluation interval (${intervalEpochs} epochs of ${groups})`,
      found: String(batch),
      todo: 'Use a smaller batch or evaluate less often.',
      exitCode: 2,
    })
}

/** Examples that an epoch draws at least: of every group its smallest puzzle. */
function leastExamples({ puzzleStarts, groupStarts }: Split): number {
  let sum = 0
  for (let group = 0; group + 1 < groupStarts.length; group++) {
    let least = Number.POSITIVE_INFINITY
    for (let puzzle = groupStarts[group]!; puzzle < groupStarts[group + 1]!; puzzle++)
      least = Math.min(least, puzzleStarts[puzzle + 1]! - puzzleStarts[puzzle]!)
    sum += least
  }
  return sum
}
