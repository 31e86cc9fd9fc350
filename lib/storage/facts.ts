import type { Dataset, Split } from '../data/dataset.js'
import { unlimitedVersions, splitFacts as versionFacts } from '../data/pool.js'
import { lookOf, tokenMeaning } from '../tasks/registry.js'
import { type Duplicates, duplicates } from './overlap.js'

/** Facts about a split. */
export interface SplitFacts {
  /** Tasks or base puzzles, with their versions. */
  readonly groups: number
  /** Stored puzzles; each is one version of a group's puzzle. */
  readonly puzzles: number
  /** Stored puzzles with all versions that are made on the fly; null: without end. */
  readonly versions: number | null
  /** Stored pairs of a question and an answer. */
  readonly examples: number
  /** Cells of a question that are given, on average; null where a task has no blank cells, and without examples. */
  readonly cluesMean: number | null
  /** Of all examples; null where all are 0, which stands for "not known" too. */
  readonly ratingMin: number | null
  readonly ratingMedian: number | null
  readonly ratingMax: number | null
}

/** A token of the vocabulary. */
export interface TokenFacts {
  readonly token: number
  readonly meaning: string
  /** Share of all questions' tokens, both splits. */
  readonly inInputs: number
  /** Share of all answers' tokens. */
  readonly inLabels: number
}

/** Facts about a data set, known without training on it. */
export interface DatasetFacts {
  readonly splits: { readonly train: SplitFacts; readonly test: SplitFacts }
  readonly vocabulary: readonly TokenFacts[]
  readonly identifiers: {
    /** Rows of the puzzle embedding. */
    readonly count: number
    /** The first names, `<blank>` among them. */
    readonly first: readonly string[]
  }
  readonly duplicates: Duplicates
}

/** Names that {@link datasetFacts} gives. */
const FIRST_NAMES = 5

/** Counts all there is in a data set: seconds for a million puzzles. */
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

/** Counts a split. */
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
