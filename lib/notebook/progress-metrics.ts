import { visible } from '../escape/visible.js'
import { metricName, metricText } from '../evaluate/metric-names.js'

/** Which values of a metric are better; `none` shows no best value. */
export type Better = 'min' | 'max' | 'none'

/** Latest and best values of metrics. */
export interface Metrics {
  /** Sets the latest values. @param at position of the work */
  report(values: Readonly<Record<string, number | null>>, at: number | string): void
  /** Returns one text per metric, in order of first report: `loss 0.31 (best 0.29 at 31)`. */
  texts(): string[]
}

interface Entry {
  latest: number | null
  readonly better: Better
  best: number
  bestAt: number | string
}

/** Metrics with these words in their names are better if they are smaller, or larger. */
const SMALLER = /loss|error|perplexity|mse|mae/i
const LARGER = /acc|exact|cells|score|reward|pass@/i

/** @param better which values of each metric are better; default: derived from its name, e.g. smaller for a loss */
export function createMetrics(better: Readonly<Record<string, Better>> = {}): Metrics {
  const entries = new Map<string, Entry>()
  return {
    report(values, at) {
      for (const [name, value] of Object.entries(values)) {
        const entry = entries.get(name) ?? newEntry(directionOf(name, better))
        entries.set(name, entry)
        entry.latest = value
        if (value === null || !isBetter(value, entry)) continue
        entry.best = value
        entry.bestAt = at
      }
    },
    texts: () => [...entries].map(([name, entry]) => text(name, entry)),
  }
}

function newEntry(better: Better): Entry {
  return { latest: Number.NaN, better, best: Number.NaN, bestAt: 0 }
}

function directionOf(name: string, better: Readonly<Record<string, Better>>): Better {
  if (Object.hasOwn(better, name)) return better[name]!
  if (SMALLER.test(name)) return 'min'
  return LARGER.test(name) ? 'max' : 'none'
}

function isBetter(value: number, { better, best }: Entry): boolean {
  if (better === 'none' || !Number.isFinite(value)) return false
  return Number.isNaN(best) || (better === 'min' ? value < best : value > best)
}

function text(name: string, { latest, better, best, bestAt }: Entry): string {
  const shown = `${visible(metricName(name))} ${metricText(name, latest)}`
  return better === 'none' || Number.isNaN(best) ? shown : `${shown} (best ${metricText(name, best)} at ${bestAt})`
}
