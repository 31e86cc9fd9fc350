import { UserError } from '../../errors.js'
import type { Row } from '../../files/arrow-rows.js'
import { bundleOf, JUPYTER_DISPLAY } from '../../notebook/bundle.js'
import type { MimeBundle } from '../../notebook/host.js'
import type { ReportedRow } from '../../results/reported/row.js'
import { intervalText, levelText } from '../../statistics/rounding.js'
import type { ArmChoice } from './choose-arm.js'
import type { ArmComparison, CompareOptions } from './compare.js'
import type { Runs } from './runs.js'
import { differenceText } from './verdict.js'

/**
 * The verdict of runs on a claim. `shows`: the interval of the difference lies on the claimed side of 0, and the difference is as
 * large as claimed. `reversed`: the interval lies on the other side. `undecided`: neither holds. `too few seeds`: an arm has fewer
 * runs than asked for.
 */
export type ClaimVerdict = 'shows' | 'reversed' | 'undecided' | 'too few seeds'

/** A claim about two arms, written before their runs are made. */
export interface Claim {
  /** One sentence. */
  readonly claim: string
  /** The arm that is better if the claim is true; as `runs.compare` chooses it. */
  readonly better: ArmChoice
  readonly than: ArmChoice
  /** A column of the evaluations. Default: `test.exact` */
  readonly metric?: string
  /** The least difference, in points for a share. Default: 0 */
  readonly by?: number
  /** The published rows of the two arms, from `reportedSudoku` or `reportedRow`. Default: none */
  readonly reported?: readonly [better: ReportedRow, than: ReportedRow]
  /** The verdict that is expected. Default: `shows` */
  readonly expected?: Exclude<ClaimVerdict, 'too few seeds'>
}

/** Options of {@link judge}. */
export interface JudgeOptions extends Omit<CompareOptions, 'reported'> {
  /** Seeds that both arms need; with 1, one run each is judged by the puzzles that it solves. Default: 5 */
  readonly seeds?: number
}

/** A claim with the comparison that decides it. */
export interface JudgedClaim extends Claim {
  readonly comparison: ArmComparison
  readonly verdict: ClaimVerdict
}

/** Claims with their verdicts. A notebook shows them as a table. */
export class JudgedClaims {
  readonly all: readonly JudgedClaim[]

  constructor(all: readonly JudgedClaim[]) {
    this.all = all
  }

  /**
   * Returns one row per claim: both arms with their means (in percent for a share), the difference `better − than` with its interval,
   * seeds, the verdict and the expected one; `reported*` are the published rows with their values and difference, null without them.
   */
  table(): Row[] {
    return this.all.map(({ claim, comparison, verdict, expected = 'shows', reported }) => {
      const { metric, a, b, difference } = comparison
      return {
        claim,
        metric,
        better: a.name,
        than: b.name,
        betterMean: a.last.value,
        betterLow: a.last.low,
        betterHigh: a.last.high,
        thanMean: b.last.value,
        thanLow: b.last.low,
        thanHigh: b.last.high,
        difference: difference.value,
        low: difference.low,
        high: difference.high,
        seeds: Math.min(a.n, b.n),
        verdict,
        expected,
        reportedTable: reported?.[0].table ?? null,
        reportedTask: reported?.[0].task ?? null,
        reportedBetter: reported?.[0].method ?? null,
        reportedThan: reported?.[1].method ?? null,
        reportedBetterValue: reported?.[0].value ?? null,
        reportedThanValue: reported?.[1].value ?? null,
        reportedDifference: reportedBy(reported),
      }
    })
  }

  /** Returns the table with rounded numbers for display in a notebook. */
  [JUPYTER_DISPLAY](): MimeBundle {
    return bundleOf(
      this.all.map(({ claim, comparison: { difference, a, b }, reported, verdict }) => ({
        claim,
        difference: differenceText(difference),
        [levelText(difference.level)]: intervalText(difference),
        seeds: Math.min(a.n, b.n),
        reported: reportedBy(reported),
        verdict,
      })),
    )
  }

  /**
   * Checks that each claim has the expected verdict. A claim with too few seeds is not checked.
   *
   * @returns the number of claims that were checked, of all, as a sentence
   * @throws UserError that names the first claim with another verdict, and the difference.
   */
  check(): string {
    const decided = this.all.filter(({ verdict }) => verdict !== 'too few seeds')
    for (const { claim, verdict, expected = 'shows', comparison } of decided)
      if (verdict !== expected)
        throw new UserError({
          where: claim,
          expected: `the verdict: ${expected}`,
          found: `${verdict} (${comparison.verdict})`,
        })
    const { length } = this.all
    return decided.length === length
      ? `${length} of ${length} claims have the expected verdict`
      : `${decided.length} of ${length} claims have enough seeds, and the expected verdict; the others are not checked`
  }
}

/**
 * Judges claims by runs, each by the difference of its two arms at the last evaluation; see `runs.compare`.
 *
 * @example
 * judge(runs, [{ claim: 'The MLP solves more puzzles than self-attention', better: 'mlp', than: 'attention', by: 30 }])
 * @throws UserError (exit code 2) that names the claim with an unknown arm or metric.
 */
export function judge(
  runs: Runs,
  claims: readonly Claim[],
  { seeds = 5, ...options }: JudgeOptions = {},
): JudgedClaims {
  return new JudgedClaims(
    claims.map((claim) => {
      const comparison = compared(runs, claim, options)
      return { ...claim, comparison, verdict: verdictOn(comparison, claim.by ?? 0, seeds) }
    }),
  )
}

function compared(
  runs: Runs,
  { claim, better, than, metric, reported }: Claim,
  options: CompareOptions,
): ArmComparison {
  try {
    return runs.compare(better, than, metric, { ...options, reported: reportedBy(reported) })
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    const { where, ...parts } = error.parts
    throw new UserError({ ...parts, where: `claim "${claim}"${where ? `, ${where}` : ''}` }, { cause: error })
  }
}

/** Returns the published difference in points; null if there is none. */
function reportedBy(rows: Claim['reported']): number | null {
  const [better, than] = rows?.map(({ value }) => value) ?? []
  return typeof better === 'number' && typeof than === 'number' ? Math.round(10 * (better - than)) / 10 : null
}

function verdictOn({ a, b, better, difference }: ArmComparison, by: number, seeds: number): ClaimVerdict {
  if (Math.min(a.n, b.n) < seeds || difference.low === null) return 'too few seeds'
  if (better === 'b') return 'reversed'
  return better === 'a' && Math.abs(difference.value) >= by ? 'shows' : 'undecided'
}
