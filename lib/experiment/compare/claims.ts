import { UserError } from '../../errors.js'
import type { Row } from '../../files/arrow-rows.js'
import { bundleOf, JUPYTER_DISPLAY } from '../../notebook/bundle.js'
import type { MimeBundle } from '../../notebook/host.js'
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
  /** The published difference in points, better − than. Default: as `runs.compare` finds it in the paper's Table 1 */
  readonly reported?: CompareOptions['reported']
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

  /** Returns one row per claim: both arms, the difference (better − than) with its interval, seeds, the paper's difference, the verdict. */
  table(): Row[] {
    return this.all.map(({ claim, comparison: { a, b, difference, reported }, verdict }) => ({
      claim,
      better: a.name,
      than: b.name,
      difference: difference.value,
      low: difference.low,
      high: difference.high,
      seeds: Math.min(a.n, b.n),
      paper: reported?.value ?? null,
      verdict,
    }))
  }

  /** Returns the table with rounded numbers for display in a notebook. */
  [JUPYTER_DISPLAY](): MimeBundle {
    return bundleOf(
      this.all.map(({ claim, comparison: { difference, reported, a, b }, verdict }) => ({
        claim,
        difference: differenceText(difference),
        [levelText(difference.level)]: intervalText(difference),
        seeds: Math.min(a.n, b.n),
        paper: reported?.value ?? null,
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
    return runs.compare(better, than, metric, { ...options, ...(reported === undefined ? {} : { reported }) })
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    const { where, ...parts } = error.parts
    throw new UserError({ ...parts, where: `claim "${claim}"${where ? `, ${where}` : ''}` }, { cause: error })
  }
}

function verdictOn({ a, b, better, difference }: ArmComparison, by: number, seeds: number): ClaimVerdict {
  if (Math.min(a.n, b.n) < seeds || difference.low === null) return 'too few seeds'
  if (better === 'b') return 'reversed'
  return better === 'a' && Math.abs(difference.value) >= by ? 'shows' : 'undecided'
}
