import { configFromText } from '../config/parse.js'
import { configSchema } from '../config/schema.js'
import { UserError } from '../errors.js'
import { visible } from '../escape/visible.js'
import type { SummarisedRun } from '../experiment/compare/arm.js'
import { type ArmChoice, chooseArm } from '../experiment/compare/choose-arm.js'
import { compareArms } from '../experiment/compare/compare.js'
import { summarise } from '../experiment/compare/summary.js'
import { rowsOfTable } from '../files/arrow-rows.js'
import { Comparison, type StoredRun } from '../results/comparison.js'
import { readMetrics } from '../results/run.js'
import { formatTable } from '../results/text.js'
import { terminalWidth, wrapText } from '../results/text-width.js'
import { wrongUse } from './command.js'
import { choiceOf } from './keys.js'
import { formatAsked, formatted, type TableFormat } from './table-format.js'

/** Keys of `--summary` and `--compare`. */
export const STATISTICS_KEYS = ['metric', 'interval'] as const

/** Width of the text if the output is not a terminal. */
const WIDTH = 100

/** Options of `recurlab runs` that replace the list of runs. */
export interface StatisticsAsked {
  readonly summary: boolean
  /** `A,B`; null if no comparison is asked for. */
  readonly compare: string | null
  readonly metric: string | undefined
  readonly interval: 't' | 'bootstrap' | undefined
  /** Format of the summary for a paper; null for text. */
  readonly format: TableFormat | null
}

/**
 * Returns what a command line asks for; null for the list of runs.
 *
 * @throws UserError (exit code 2) for both flags at once, for a format without --summary, and for `metric=` or `interval=`
 * without one.
 */
export function statisticsAsked(
  flags: ReadonlyMap<string, string | true>,
  keys: { readonly metric?: string; readonly interval?: string },
): StatisticsAsked | null {
  const compare = flags.get('compare')
  const summary = flags.has('summary')
  if (summary && compare !== undefined) throw wrongUse('--summary or --compare', 'both')
  const format = formatAsked(flags)
  if (format !== null && !summary) throw wrongUse(`--summary beside --${format}`, 'none')
  const interval = choiceOf('interval', keys.interval, ['t', 'bootstrap'])
  if (summary || typeof compare === 'string')
    return { summary, compare: typeof compare === 'string' ? compare : null, metric: keys.metric, interval, format }
  const [key] = STATISTICS_KEYS.filter((name) => keys[name] !== undefined)
  if (key !== undefined) throw wrongUse(`--summary or --compare beside ${key}=`, 'neither')
  return null
}

/** Returns a summary of runs, or a comparison of two of their configurations, as text or as JSON on one line. */
export function statisticsText(runs: readonly StoredRun[], asked: StatisticsAsked, json: boolean): string {
  const { metric = 'test.exact', compare, interval, format } = asked
  const options = interval === undefined ? {} : { interval }
  const all: SummarisedRun[] = runs.map((run) =>
    metric.startsWith('train.') ? { ...run, metrics: rowsOfTable(readMetrics(run)) } : run,
  )
  const width = terminalWidth() ?? WIDTH
  const below = (lines: readonly string[]): string[] => lines.flatMap((line) => wrapText(visible(line), width))
  if (compare !== null) {
    const [a, b] = sidesOf(compare, all)
    const made = compareArms(all, a, b, metric, options)
    if (json) return JSON.stringify(made)
    const [verdict = '', ...more] = made.lines()
    return [...below([verdict]), '', formatTable(made.table(), { width }), '', ...below(more)].join('\n')
  }
  const summary = summarise(all, metric, options)
  if (json) return JSON.stringify(summary)
  if (format !== null) return formatted(summary, format)
  return [formatTable(summary.table(), { width }), '', ...below(summary.footnotes())].join('\n')
}

/** Splits `A,B` at the comma that leaves an arm on both sides, as labels may have commas too. */
function sidesOf(text: string, runs: readonly SummarisedRun[]): [ArmChoice, ArmChoice] {
  const parts = text.split(',')
  if (parts.length < 2) throw wrongUse('--compare A,B, two labels of configurations', text)
  const source = { runs, comparison: new Comparison(runs), arms: [] }
  const splits = parts.slice(1).map((_, i): [ArmChoice, ArmChoice] => [
    sideOf(
      parts
        .slice(0, i + 1)
        .join(',')
        .trim(),
    ),
    sideOf(
      parts
        .slice(i + 1)
        .join(',')
        .trim(),
    ),
  ])
  const isArm = (choice: ArmChoice, where: string): boolean => {
    try {
      chooseArm(choice, where, source)
      return true
    } catch (error) {
      if (error instanceof UserError) return false
      throw error
    }
  }
  return splits.find(([a, b]) => isArm(a, 'a') && isArm(b, 'b')) ?? splits[0]!
}

/** Returns one side: `KEY=VALUE` of the configuration, else a label or the beginning of an ID. */
function sideOf(text: string): ArmChoice {
  const [, key, value] = /^([A-Za-z]+)=(.*)$/s.exec(text) ?? []
  if (key === undefined || value === undefined || !Object.hasOwn(configSchema.shape, key)) return text
  return configFromText(new Map([[key, value]]))
}
