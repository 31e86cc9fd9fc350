import type { Dataset, Split } from '../data/dataset.js'
import { unlimitedVersions, splitFacts as versionFacts } from '../data/pool.js'
import { lookOf, tokenMeaning } from '../tasks/registry.js'
import { type Duplicates, duplicates } from './overlap.js'

/** Statistics of a split. */
export interface SplitFacts {
  /** Number of groups: tasks or base puzzles, with their versions. */
  readonly groups: number
  /** Number of stored puzzles; each is one version of a group's puzzle. */
  readonly puzzles: number
  /** Stored puzzles plus all versions made on the fly; null when unlimited. */
  readonly versions: number | null
  /** Number of stored pairs of a question and an answer. */
  readonly examples: number
  /** Mean number of given cells; null when the task has no blank cells, or there are no examples. */
  readonly cluesMean: number | null
  /** Range over all examples; null when all are 0, which also stands for unknown. */
  readonly ratingMin: number | null
  readonly ratingMedian: number | null
  readonly ratingMax: number | null
}

/** Statistics of a token of the vocabulary. */
export interface TokenFacts {
  readonly token: number
  readonly meaning: string
  /** Fraction of all question tokens, in both splits. */
  readonly inInputs: number
  /** Fraction of all answer tokens. */
  readonly inLabels: number
}

/** Statistics of a data set. */
export interface DatasetFacts {
  readonly splits: { readonly train: SplitFacts; readonly test: SplitFacts }
  readonly vocabulary: readonly TokenFacts[]
  readonly identifiers: {
    /** Rows of the puzzle embedding. */
    readonly count: number
    /** First names, including `<blank>`. */
    readonly first: readonly string[]
  }
  readonly duplicates: Duplicates
}

/** Number of names in {@link datasetFacts}. */
const FIRST_NAMES = 5

/** Returns the statistics of a data set; takes seconds for a million puzzles. */
export function datasetFacts(data: Dataset): DatasetFacts {
  const { identifiers } = data
  return {
    splits: { train: splitFacts(data, data.train), test: splitFacts(data, data.test) },
    vocabulary: vocabularyFacts(data),
    identifiers: {
      count: identifiers.count,
      first: Array.from({ length: Math.min(FIRST_NAMES, identifiers.count) }, (_, id) => identifiers.name(id)),
    },
    duplicates: duplicates(data),
  }
}

/** Returns the statistics of a split. */
export function splitFacts(data: Dataset, split: Split): SplitFacts {
  const { count, puzzleStarts, groupStarts, ratings } = split
  const sorted = Float64Array.from(ratings).sort()
  const known = sorted.at(-1) ?? 0
  const quantile = (q: number): number | null => (known === 0 ? null : sorted[Math.floor(q * (count - 1))]!)
  return {
    groups: groupStarts.length - 1,
    puzzles: puzzleStarts.length - 1,
    versions: unlimitedVersions(data) && split.name === 'train' ? null : versionFacts(split, data.augment).puzzles,
    examples: count,
    cluesMean: count > 0 ? cluesMean(data, split) : null,
    ratingMin: quantile(0),
    ratingMedian: quantile(0.5),
    ratingMax: quantile(1),
  }
}

function cluesMean({ manifest }: Dataset, { inputs, count }: Split): number | null {
  const { blank } = lookOf(manifest)
  if (blank === null) return null
  let clues = 0
  for (const token of inputs) if (token !== blank && token !== manifest.padId) clues++
  return clues / count
}

function vocabularyFacts({ manifest, train, test }: Dataset): TokenFacts[] {
  const shares = (parts: readonly Uint8Array[]): number[] => {
    const counts = new Float64Array(256)
    for (const tokens of parts) for (const token of tokens) counts[token]!++
    const total = Math.max(
      1,
      parts.reduce((sum, { length }) => sum + length, 0),
    )
    return Array.from({ length: manifest.vocabSize }, (_, token) => counts[token]! / total)
  }
  const [inputs, labels] = [shares([train.inputs, test.inputs]), shares([train.labels, test.labels])]
  return inputs.map((inInputs, token) => ({
    token,
    meaning: tokenMeaning(manifest, token),
    inInputs,
    inLabels: labels[token]!,
  }))
}
