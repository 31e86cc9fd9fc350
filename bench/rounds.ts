/** Seconds of one round on every side, and of the canaries around it. */
export interface Round {
  readonly seconds: Readonly<Record<string, number>>
  readonly canary: number
}

/** Statistics of one side over many rounds. */
export interface Summary {
  readonly minimum: number
  readonly median: number
}

/** Ratio to the best canary above which a round counts as disturbed by other work on the machine. */
const DISTURBED = 1.1

/**
 * Returns the rounds whose canary was at most a tenth slower than the best. If these are fewer than `least`, the machine
 * was never quiet, and the least disturbed rounds are returned.
 */
export function undisturbed(rounds: readonly Round[], least: number): Round[] {
  const sorted = [...rounds].sort((a, b) => a.canary - b.canary)
  const limit = (sorted[0]?.canary ?? 0) * DISTURBED
  return sorted.filter((round, i) => round.canary <= limit || i < least)
}

/** Returns the median. */
export function middle(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  const half = (sorted.length - 1) / 2
  return (sorted[Math.floor(half)]! + sorted[Math.ceil(half)]!) / 2
}

/** Returns minimum and median of each side. */
export function summaries(rounds: readonly Round[]): Record<string, Summary> {
  const sides = Object.keys(rounds[0]?.seconds ?? {})
  return Object.fromEntries(
    sides.map((side) => {
      const seconds = rounds.map((round) => round.seconds[side]!)
      return [side, { minimum: Math.min(...seconds), median: middle(seconds) }]
    }),
  )
}

/** Returns the median over rounds of a / b within each round: a slow spell of the machine affects both. */
export function medianRatio(rounds: readonly Round[], a: string, b: string): number {
  return summaries(rounds.map(({ seconds, canary }) => ({ seconds: { ratio: seconds[a]! / seconds[b]! }, canary })))
    .ratio!.median
}
