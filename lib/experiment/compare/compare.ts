import { UserError } from '../../errors.js'
import { escapeHtml, NO_FORMULAS, paragraphHtml } from '../../escape/html.js'
import { isShare, metricTitle } from '../../evaluate/metric-names.js'
import type { Row } from '../../files/arrow-rows.js'
import { bundleOf, JUPYTER_DISPLAY } from '../../notebook/bundle.js'
import type { MimeBundle } from '../../notebook/host.js'
import { Comparison } from '../../results/comparison.js'
import type { Difference } from '../../statistics/difference.js'
import { DEFAULT_LEVEL, type Estimate, type EstimateOptions, scaled } from '../../statistics/estimate.js'
import { pairedDifference } from '../../statistics/paired.js'
import { pairedProportions, proportionsDifference } from '../../statistics/proportions.js'
import { halfWidth, intervalText, levelText, plusMinus } from '../../statistics/rounding.js'
import { welchDifference } from '../../statistics/welch.js'
import { type Arm, isSameMember, type SummarisedRun } from './arm.js'
import { type ArmChoice, chooseArm } from './choose-arm.js'
import { checkMetric, directionOf } from './measured.js'
import { type KnownMember, type Matched, matched } from './pairs.js'
import { cellPairs, puzzlePairs } from './puzzle-pairs.js'
import { givenDifference, type ReportedDifference, reportedDifference } from './reported-difference.js'
import { estimateOf } from './summary.js'
import { clearlyLarger, differenceText, testText, verdictText } from './verdict.js'
import { warningsOn } from './warnings.js'

/** Options of {@link compareArms} beside those of the interval. */
export interface CompareOptions extends EstimateOptions {
  /** Evaluations made afterwards that a name may choose; see `arm`. Default: none. */
  readonly arms?: readonly Arm[]
  /** Whether values of the same seed are paired. Default: if two seeds or more are shared. */
  readonly paired?: boolean
  /**
   * The published difference a − b, in points for a share; null for none. Default: that of the rows of the paper's Table 1
   * that the arms match.
   */
  readonly reported?: number | { readonly value: number; readonly source?: string } | null
}

/** One side of a comparison, with its mean. */
export interface ComparedArm {
  readonly name: string
  /** Number of runs with a value. */
  readonly n: number
  /** Mean at the last evaluation, in percent for a share. */
  readonly last: Estimate
}

/** Two arms compared by a metric. A notebook shows the verdict, the two means and the warnings. */
export class ArmComparison {
  /** Public name of the metric. */
  readonly metric: string
  readonly a: ComparedArm
  readonly b: ComparedArm
  /** a − b: in points of a percentage for a share. */
  readonly difference: Difference
  /** The arm whose mean is clearly better (where neither is better: higher); null if the interval includes 0 or is missing. */
  readonly better: 'a' | 'b' | null
  /** The published difference; null if there is none. */
  readonly reported: ReportedDifference | null
  /** The result as a sentence. */
  readonly verdict: string
  /** Weaknesses of the comparison, one sentence each. */
  readonly warnings: readonly string[]

  constructor(
    parts: Pick<ArmComparison, 'metric' | 'a' | 'b' | 'difference' | 'better' | 'reported' | 'verdict' | 'warnings'>,
  ) {
    this.metric = parts.metric
    this.a = parts.a
    this.b = parts.b
    this.difference = parts.difference
    this.better = parts.better
    this.reported = parts.reported
    this.verdict = parts.verdict
    this.warnings = parts.warnings
  }

  /** Returns a row for each arm and one for the difference, for display. */
  table(): Row[] {
    const { a, b, difference, metric } = this
    const interval = levelText(difference.level)
    const row = ({ name, n, last }: ComparedArm): Row => ({
      arm: name,
      runs: n,
      [metricTitle(metric)]: plusMinus(last.value, halfWidth(last)),
      [interval]: intervalText(last),
    })
    return [
      row(a),
      row(b),
      {
        arm: 'difference',
        runs: null,
        [metricTitle(metric)]: differenceText(difference),
        [interval]: intervalText(difference),
      },
    ]
  }

  /** Returns verdict, test and warnings as lines. */
  lines(): string[] {
    const test = testText(this.difference)
    const { reported } = this
    const source = reported?.methods ? [`${reported.source}: ${reported.methods.join(' − ')}, in points`] : []
    return [this.verdict, ...(test === '' ? [] : [test]), ...source, ...this.warnings.map((text) => `Warning: ${text}`)]
  }

  /** Returns verdict, table and warnings for display in a notebook. */
  [JUPYTER_DISPLAY](): MimeBundle {
    const { 'text/html': html, 'text/plain': text } = bundleOf(this.table())
    const [verdict, ...more] = this.lines()
    return {
      'text/html': `<p class="${NO_FORMULAS}"><b>${escapeHtml(verdict!)}</b></p>${html}${more.map(paragraphHtml).join('')}`,
      'text/plain': [verdict, text, ...more].join('\n'),
    }
  }
}

/**
 * Compares two arms by a metric of their last evaluations: paired t where two seeds or more are shared, else Welch's t; one
 * run each by the puzzles that they solve (exact McNemar where the outcomes of the same puzzles are stored, else two shares).
 *
 * @param metric a column of the evaluations, or `train.*`
 * @throws UserError (exit code 2) for an unknown arm or metric, and where `paired` is asked for and fewer than two pairs exist.
 */
export function compareArms(
  runs: readonly SummarisedRun[],
  choiceA: ArmChoice,
  choiceB: ArmChoice,
  metric = 'test.exact',
  options: CompareOptions = {},
): ArmComparison {
  const { arms = [], paired, reported: given, ...interval } = options
  const source = { runs, comparison: new Comparison(runs), arms }
  const [a, b] = named(chooseArm(choiceA, 'a', source), chooseArm(choiceB, 'b', source))
  checkMetric(metric, [a, b])
  const values = matched(a, b, metric)
  for (const [arm, known] of [
    [a, values.a],
    [b, values.b],
  ] as const)
    if (known.length === 0)
      throw new UserError({
        where: `arm ${arm.name}`,
        expected: `a run with a finite ${metric}`,
        found: 'none',
        exitCode: 2,
      })
  const difference = differenceOf(values, metric, paired, interval)
  const direction = directionOf(metric, [...a.members, ...b.members])
  const reported =
    given === null ? null : given === undefined ? reportedDifference(a, b, metric) : givenDifference(given)
  const larger = clearlyLarger(difference)
  const other = larger === 'a' ? 'b' : 'a'
  return new ArmComparison({
    metric,
    a: comparedArm(a, values.a, metric, interval),
    b: comparedArm(b, values.b, metric, interval),
    difference,
    better: larger !== null && direction === 'lower' ? other : larger,
    reported,
    verdict: verdictText({
      ...{ a: a.name, b: b.name, metric, direction, difference, reported },
      evidence: evidenceText(values, difference),
    }),
    warnings: warningsOn(a, b, values, difference),
  })
}

/** Tells arms of the same name apart. */
function named(a: Arm, b: Arm): [Arm, Arm] {
  if (sameMembers(a, b))
    throw new UserError({ where: 'comparison', expected: 'two different arms', found: `${a.name} twice`, exitCode: 2 })
  if (a.name !== b.name) return [a, b]
  return [
    { ...a, name: `${a.name} (a)` },
    { ...b, name: `${b.name} (b)` },
  ]
}

function sameMembers({ members: a }: Arm, { members: b }: Arm): boolean {
  return a.length === b.length && a.every((member, i) => isSameMember(member, b[i]!))
}

function comparedArm(
  { name }: Arm,
  known: readonly KnownMember[],
  metric: string,
  interval: EstimateOptions,
): ComparedArm {
  const last = estimateOf(
    known.map(({ measured }) => measured),
    metric,
    interval,
  )!
  return { name, n: known.length, last }
}

function differenceOf(
  values: Matched,
  metric: string,
  paired: boolean | undefined,
  interval: EstimateOptions,
): Difference {
  const { a, b, pairs } = values
  if (paired === true && pairs.length < 2)
    throw new UserError({
      where: 'paired',
      expected: 'two seeds or more that both arms have',
      found: String(pairs.length),
      todo: 'Leave paired out.',
      exitCode: 2,
    })
  if (pairs.length >= 2 && paired !== false)
    return pairedDifference(
      pairs.map(([x]) => x),
      pairs.map(([, y]) => y),
      interval,
    )
  if (a.length > 1 || b.length > 1)
    return welchDifference(
      a.map(({ measured }) => measured.value),
      b.map(({ measured }) => measured.value),
      interval,
    )
  return ofSingleRuns(a[0]!, b[0]!, metric, interval)
}

/**
 * Compares one run with one other: a share by its puzzles or tasks, cell accuracy by that of each puzzle; other metrics have
 * no interval.
 */
function ofSingleRuns(a: KnownMember, b: KnownMember, metric: string, interval: EstimateOptions): Difference {
  const { level = DEFAULT_LEVEL } = interval
  const [x, y] = [a.measured.counted, b.measured.counted]
  if (isShare(metric) && x && y && x.unit !== 'cells') {
    const pairs = puzzlePairs(a, b, metric)
    return scaled(pairs ? pairedProportions(pairs, level) : proportionsDifference(x, y, level), 100)
  }
  const cells = metric === 'test.cells' ? cellPairs(a, b) : null
  if (cells && cells.a.length >= 2) return pairedDifference(cells.a, cells.b, interval)
  const value = a.measured.value - b.measured.value
  const none = {
    sd: null,
    low: null,
    high: null,
    method: null,
    test: null,
    statistic: null,
    df: null,
    p: null,
    effect: null,
  }
  return { value, n: [1, 1], level, ...none }
}

function evidenceText({ a, b, matchedBy }: Matched, { test, n }: Difference): string {
  if (test === 'paired t' && (a.length > 1 || b.length > 1))
    return matchedBy.length > 0 ? `${String(n)} pairs of runs` : `${String(n)} seeds`
  if (a.length === 1 && b.length === 1) {
    if (test === null) return 'one run each'
    const sizes = [...new Set(typeof n === 'number' ? [n] : n)]
    return `one run each, ${sizes.join(' and ')} ${a[0]!.measured.counted?.unit === 'tasks' ? 'tasks' : 'puzzles'}`
  }
  return a.length === b.length ? `${a.length} runs each` : `${a.length} and ${b.length} runs`
}
