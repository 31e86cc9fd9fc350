import { isCriterion } from '../tasks/registry.js'
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

/** Metrics with a unit, or with a name other than their key, as people read them. */
const OTHERS: Readonly<Record<string, string>> = {
  'train.loss': 'training loss',
  trainSeconds: 'training (s)',
  evaluationSeconds: 'evaluation (s)',
}

const NAME = /^(best )?(test|train)\.(\S+)$/

/** Whether a metric is a share: a fraction in data, a percentage where people read it. */
export function isShare(metric: string): boolean {
  const [, , split, name] = NAME.exec(metric) ?? []
  if (name === undefined) return false
  return Object.hasOwn(SHARES, name) || /^pass@\d+$/.test(name) || (split === 'test' && isCriterion(name))
}

/** Whether a metric is a criterion of a task's judge: `test.valid`. */
export function isJudged(metric: string): metric is `test.${string}` {
  return metric.startsWith('test.') && isCriterion(metric.slice('test.'.length))
}

/** Criteria of judges (`test.valid`) that say of any of these evaluations other than its exact accuracy does. */
export function judgedApart(evaluations: readonly object[]): `test.${string}`[] {
  const rows = evaluations as readonly Readonly<Record<string, unknown>>[]
  const names = new Set(rows.flatMap(Object.keys).filter(isJudged))
  return [...names].filter((name) => rows.some((row) => row[name] != null && row[name] !== row['test.exact']))
}

/** Whether a metric of an evaluation is the user's own. */
export function isOwnMetric(metric: string): metric is `test.${string}` {
  return ownMetric(metric) !== null && !isJudged(metric)
}

/**
 * A metric's name in words: `test.exact` is `exact accuracy`, `train.exact` `exact accuracy in training`, the user's own
 * `test.rowsRight` is `rowsRight`; others keep their key.
 */
export function metricName(metric: string): string {
  const [, best = '', split, share] = NAME.exec(metric) ?? []
  if (share === undefined || !isShare(metric))
    return Object.hasOwn(OTHERS, metric) ? OTHERS[metric]! : (ownMetric(metric) ?? metric)
  return `${best}${SHARES[share] ?? share}${split === 'train' ? ' in training' : ''}`
}

/** The name with its unit, for an axis or the head of a column: `exact accuracy (%)`. */
export function metricTitle(metric: string): string {
  return isShare(metric) ? `${metricName(metric)} (%)` : metricName(metric)
}

/** A share in percent, in tenths; null where it is not known. */
export function percent(share: number | null | undefined): number | null {
  return share === null || share === undefined || Number.isNaN(share) ? null : Math.round(share * 1000) / 10
}

/** A metric's value: `96.0 %` of a share, four digits of another number, `–` where it is not known. */
export function metricText(metric: string, value: number | null | undefined): string {
  if (value === null || value === undefined) return '–'
  if (!Number.isFinite(value)) return String(value)
  return isShare(metric) ? `${(100 * value).toFixed(1)} %` : String(Number(value.toPrecision(4)))
}

/** Numbers by metric as a row that people read: titles with units, shares in percent, seconds in whole ones. */
export function titledRow<T>(row: Readonly<Record<string, T>>): Record<string, T | number | null> {
  return Object.fromEntries(
    Object.entries(row).map(([key, value]) => {
      const number = typeof value === 'number' ? value : null
      if (isShare(key)) return [metricTitle(key), percent(number)]
      return [metricTitle(key), /Seconds$/.test(key) && number !== null ? Math.round(number) : value]
    }),
  )
}
