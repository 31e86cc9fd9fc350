import { percentText } from '../statistics/rounding.js'
import { isCriterion } from '../tasks/registry.js'
import { macText } from './mac-units.js'
import { ownMetric } from './metric-glossary.js'

/** Names of shares, after `test.` or `train.`. */
const SHARES: Readonly<Record<string, string>> = {
  exact: 'exact accuracy',
  cells: 'cell accuracy',
  haltAccuracy: 'halting accuracy',
  halted: 'halted',
  valid: 'valid answers',
  optimal: 'optimal answers',
}

/** Display names of metrics with a unit, or with a name other than their key. */
const OTHERS: Readonly<Record<string, string>> = {
  'train.loss': 'training loss',
  'train.gradientNorm': 'gradient norm',
  'train.weightNorm': 'weight norm',
  skippedUpdates: 'skipped updates',
  trainSeconds: 'training (s)',
  trainCpuSeconds: 'training (CPU s)',
  trainJoules: 'training (J)',
  trainMacs: 'training (TMAC)',
  trainSupervisionSteps: 'supervision steps of training',
  trainNetworkCalls: 'network calls of training',
  evaluationSeconds: 'evaluation (s)',
  evaluationCpuSeconds: 'evaluation (CPU s)',
  evaluationJoules: 'evaluation (J)',
  evaluationMacs: 'evaluation (TMAC)',
  evaluationSupervisionSteps: 'supervision steps of evaluation',
  evaluationNetworkCalls: 'network calls of evaluation',
}

/** MACs are shown in units of this: TMAC. */
export const TERA = 1e12

const NAME = /^(best )?(test|train)\.(\S+)$/

/** Returns whether a metric is a share: a fraction in data, a percentage in tables and figures. */
export function isShare(metric: string): boolean {
  const [, , split, name] = NAME.exec(metric) ?? []
  if (name === undefined) return false
  return Object.hasOwn(SHARES, name) || /^pass@\d+$/.test(name) || (split === 'test' && isCriterion(name))
}

/** Returns whether a metric is a time or an energy, in which equal runs differ. */
export function isSpent(metric: string): boolean {
  return /^(?:train|evaluation)(?:Seconds|CpuSeconds|Joules)$/.test(metric)
}

/** Returns whether a metric is a number of multiply-accumulates. */
export function isMacs(metric: string): boolean {
  return /^(?:train|evaluation)Macs$/.test(metric)
}

/** Returns whether a metric is a criterion of a task's judge: `test.valid`. */
export function isJudged(metric: string): metric is `test.${string}` {
  return metric.startsWith('test.') && isCriterion(metric.slice('test.'.length))
}

/** Returns the judges' criteria (`test.valid`) whose share differs from exact accuracy in some evaluation. */
export function judgedApart(evaluations: readonly object[]): `test.${string}`[] {
  const rows = evaluations as readonly Readonly<Record<string, unknown>>[]
  const names = new Set(rows.flatMap(Object.keys).filter(isJudged))
  return [...names].filter((name) => rows.some((row) => row[name] != null && row[name] !== row['test.exact']))
}

/** Returns whether a metric of an evaluation is a custom one. */
export function isOwnMetric(metric: string): metric is `test.${string}` {
  return ownMetric(metric) !== null && !isJudged(metric)
}

/**
 * Returns a metric's display name: `exact accuracy` for `test.exact`, `exact accuracy in training` for `train.exact`,
 * `rowsRight` for a custom `test.rowsRight`; others keep their key.
 */
export function metricName(metric: string): string {
  const [, best = '', split, share] = NAME.exec(metric) ?? []
  if (share === undefined || !isShare(metric))
    return Object.hasOwn(OTHERS, metric) ? OTHERS[metric]! : (ownMetric(metric) ?? metric)
  return `${best}${SHARES[share] ?? share}${split === 'train' ? ' in training' : ''}`
}

/** Returns the display name with its unit, for an axis or a column header: `exact accuracy (%)`. */
export function metricTitle(metric: string): string {
  return isShare(metric) ? `${metricName(metric)} (%)` : metricName(metric)
}

/** Returns a share in percent, rounded to tenths, as {@link percentText} does; null if unknown. */
export function percent(share: number | null | undefined): number | null {
  return share === null || share === undefined || Number.isNaN(share) ? null : Number(percentText(share))
}

/** Returns a metric's value as text: `96.0 %` for a share, `12.8 GMAC`, four digits for any other number, `–` if unknown. */
export function metricText(metric: string, value: number | null | undefined): string {
  if (value === null || value === undefined) return '–'
  if (!Number.isFinite(value)) return String(value)
  if (isMacs(metric)) return macText(value)
  return isShare(metric) ? `${percentText(value)} %` : String(Number(value.toPrecision(4)))
}

/**
 * Returns numbers by metric as a row for display: titles with units, shares in percent, whole seconds and joules, MACs in
 * 10¹² with three digits.
 */
export function titledRow<T>(row: Readonly<Record<string, T>>): Record<string, T | number | null> {
  return Object.fromEntries(
    Object.entries(row).map(([key, value]) => {
      const number = typeof value === 'number' ? value : null
      if (isShare(key)) return [metricTitle(key), percent(number)]
      if (number === null) return [metricTitle(key), value]
      if (isMacs(key)) return [metricTitle(key), Number((number / TERA).toPrecision(3))]
      return [metricTitle(key), isSpent(key) ? Math.round(number) : value]
    }),
  )
}
