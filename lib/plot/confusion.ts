import type { Dataset } from '../data/dataset.js'
import { splitNamed } from '../data/split-named.js'
import { UserError } from '../errors.js'
import { lookOf, tokenMeaning } from '../tasks/registry.js'
import { type HeatmapOptions, heatmap } from './heatmap.js'
import type { CaptionedFigure } from './sources.js'

/** Cells by right and predicted token. */
export interface ConfusionCounts {
  /** Names of the tokens. */
  readonly tokens: readonly string[]
  /** `[right][predicted]` numbers of cells. */
  readonly counts: readonly (readonly number[])[]
}

/**
 * Returns a heat map of predicted against right tokens: of the cells whose right token is that of the row, the share in percent
 * that was predicted as the token of the column. Tokens that are neither right nor predicted anywhere are left out.
 *
 * @throws UserError without a cell.
 */
export function confusion({ tokens, counts }: ConfusionCounts, options: HeatmapOptions = {}): CaptionedFigure {
  const seen = tokens
    .map((_, token) => token)
    .filter((token) => counts[token]!.some((n) => n > 0) || counts.some((row) => row[token]! > 0))
  if (seen.length === 0)
    throw new UserError({ where: 'confusion', expected: 'cells with a right token', found: 'none' })
  const names = seen.map((token) => tokens[token]!)
  const sums = counts.map((row) => row.reduce((sum, n) => sum + n, 0))
  const share = (right: number, predicted: number): number | null =>
    sums[right] === 0 ? null : (100 * counts[right]![predicted]!) / sums[right]!
  const values = seen.map((right) => seen.map((predicted) => share(right, predicted)))
  return heatmap(
    {
      rows: names,
      columns: names,
      values,
      texts: values.map((row) => row.map(shareText)),
      hovers: seen.map((right, i) =>
        seen.map(
          (predicted, k) =>
            `right ${names[i]}, predicted ${names[k]}: ${shareText(values[i]![k]!) || '–'} % (${counts[right]![predicted]} of ${sums[right]} cells)`,
        ),
      ),
    },
    { x: 'predicted', y: 'right', colors: 'cells of the row (%)', range: [0, 100], ...options },
  )
}

/** Returns whole percents; `<1` for few cells, nothing for none. */
function shareText(value: number | null): string {
  if (value === null || value === 0) return ''
  return value < 0.5 ? '<1' : value > 99.5 && value < 100 ? '>99' : value.toFixed(0)
}

/** A prediction whose cells are counted. */
export interface CountedPrediction {
  /** Index of the example in its split. */
  readonly puzzle: number
  /** 0 is the stored puzzle; predictions of other versions are left out. */
  readonly version: number
  /** `[seqLen]` tokens. */
  readonly prediction: ArrayLike<number>
}

/**
 * Returns the cells of predictions by right and predicted token: those that the puzzle leaves blank, where the task has blank
 * cells, else all; cells that no metric counts are left out.
 *
 * @param split of the evaluation. Default `test`
 * @throws UserError (exit code 2) for the name of another split.
 */
export function confusionOf(
  data: Dataset,
  predictions: readonly CountedPrediction[],
  split: 'train' | 'test' = 'test',
): ConfusionCounts {
  const { manifest } = data
  const { vocabSize, ignoreLabelId } = manifest
  const { inputs, labels, seqLen } = splitNamed(data, split)
  const { blank } = lookOf(manifest)
  const counts = Array.from({ length: vocabSize }, () => new Array<number>(vocabSize).fill(0))
  for (const { puzzle, version, prediction } of predictions) {
    if (version !== 0) continue
    for (let at = 0; at < seqLen; at++) {
      const right = labels[puzzle * seqLen + at]!
      if (right === ignoreLabelId || (blank !== null && inputs[puzzle * seqLen + at] !== blank)) continue
      counts[right]![prediction[at]!]!++
    }
  }
  return { tokens: Array.from({ length: vocabSize }, (_, token) => tokenName(manifest, token)), counts }
}

/** Returns a token's symbol; its meaning where it has none. */
function tokenName(manifest: Dataset['manifest'], token: number): string {
  const { symbol } = lookOf(manifest).token(token, true)
  return /^[.?]?$/.test(symbol.trim()) ? tokenMeaning(manifest, token) : symbol.trim()
}
