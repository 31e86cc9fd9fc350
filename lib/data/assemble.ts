import { type Augmentation, type Dataset, type DatasetManifest, type Split, singletonStarts } from './dataset.js'
import { datasetHash } from './hash.js'
import { blankOnly } from './identifiers.js'
import { makeDataset } from './make-dataset.js'
import type { Puzzles } from './puzzles.js'

/** Padding token, and the stored label that the loss ignores. */
const PAD = 0

/** Manifest fields and format of a data set without puzzle identifiers. */
export interface About
  extends Pick<
    DatasetManifest,
    'task' | 'options' | 'seed' | 'source' | 'vocabSize' | 'seqLen' | 'disjoint' | 'solutions'
  > {
  readonly augment: Augmentation | null
  /** The variation of puzzles, in words, when it differs between data sets of the task. */
  readonly augmentation?: string
  /** Converts stored cells of a puzzle or an answer to tokens. Default: cells are already tokens. */
  readonly toTokens?: (cells: Uint8Array) => Uint8Array
}

/** Builds a data set whose puzzles each form a group and share puzzle identifier 0. */
export function assembleDataset(lists: { readonly train: Puzzles; readonly test: Puzzles }, about: About): Dataset {
  const train = splitOf('train', lists.train, about)
  const test = splitOf('test', lists.test, about)
  const manifest: DatasetManifest = {
    task: about.task,
    options: about.options,
    source: about.source,
    seed: about.seed,
    vocabSize: about.vocabSize,
    seqLen: about.seqLen,
    padId: PAD,
    ignoreLabelId: PAD,
    blankId: 0,
    puzzleIdentifiers: 1,
    counts: { train: train.count, test: test.count },
    disjoint: about.disjoint,
    solutions: about.solutions,
    ...(about.augmentation === undefined ? {} : { augmentation: about.augmentation }),
  }
  const content = { manifest, train, test, identifiers: blankOnly, testTasks: null }
  return makeDataset({ ...content, hash: datasetHash(content), augment: about.augment })
}

function splitOf(name: Split['name'], list: Puzzles, { seqLen, toTokens = (cells) => cells }: About): Split {
  const { count } = list
  const inputs = new Uint8Array(count * seqLen)
  const labels = new Uint8Array(count * seqLen)
  const ratings = new Float64Array(count)
  for (let i = 0; i < count; i++) {
    const { clues, solution, rating } = list.at(i)
    inputs.set(toTokens(clues), i * seqLen)
    labels.set(toTokens(solution), i * seqLen)
    ratings[i] = rating
  }
  const puzzleIds = new Int32Array(count)
  const [puzzleStarts, groupStarts] = [singletonStarts(count), singletonStarts(count)]
  return { name, count, seqLen, inputs, labels, ratings, puzzleIds, puzzleStarts, groupStarts }
}
