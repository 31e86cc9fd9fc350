import type { Dataset, DatasetManifest } from '../../../data/dataset.js'
import { formatTable } from '../../../results/text.js'
import type { SplitFacts } from '../../../storage/facts.js'
import { findTask } from '../../../tasks/registry.js'

/** Prints one or more lines. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** Prints the counts of both splits as a table, then the manifest, one line per fact. */
export function describeDataset(
  { manifest, hash }: Dataset,
  splits: Readonly<Record<'train' | 'test', SplitFacts>>,
): string {
  const { task, vocabSize, seqLen, disjoint, solutions, augmentation } = manifest
  const rated = [splits.train, splits.test].some(({ ratingMax }) => ratingMax !== null)
  const rows = (['train', 'test'] as const).map((split) => splitRow(split, splits[split]))
  const columns = Object.keys(rows[0]!).filter((name) => rows.some((row) => row[name] !== null))
  const lines: [string, string | undefined][] = [
    ['task', `${task}, ${seqLen} cells, vocabulary of ${vocabSize} tokens`],
    ['source', `${sourceWords(manifest.source)}, seed ${manifest.seed}`],
    ['splits', disjoint],
    ['solutions', solutions],
    ['ratings', rated ? findTask(task)?.ratings : undefined],
    ['versions', augmentation],
    ['hash', hash],
  ]
  const shown = lines.flatMap(([name, text]) => (text === undefined ? [] : [`${name.padEnd(10)} ${text}`]))
  return `${formatTable(rows, { columns })}\n${shown.join('\n')}`
}

function splitRow(split: string, facts: SplitFacts): Record<string, string | number | null> {
  const { groups, puzzles, versions, examples, cluesMean, ratingMin, ratingMedian, ratingMax } = facts
  return {
    split,
    groups,
    puzzles,
    versions: versions ?? 'without end',
    examples,
    'mean clues': cluesMean,
    'rating min': ratingMin,
    median: ratingMedian,
    max: ratingMax,
  }
}

function sourceWords(source: DatasetManifest['source']): string {
  if (source.kind === 'generated') return 'generated'
  if (source.kind === 'file') return [source.path, source.test?.path].filter(Boolean).join(', ')
  const [first, ...more] = source.files
  return first === undefined ? 'no files' : `${first.path}${more.length > 0 ? ` and ${more.length} more files` : ''}`
}
