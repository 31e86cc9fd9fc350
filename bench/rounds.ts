/** Seconds of one round on every side, and of the canaries around it. */
export interface Round {
  readonly seconds: Readonly<Record<string, number>>
  readonly canary: number
}

/** What many rounds say about one side. */
export interface Summary {
  readonly minimum: number
  readonly median: number
}

/** A canary slower than the best by more than this marks a round in which the machine did something else. */
const DISTURBED = 1.1

/**
 * The rounds whose canary was not slower than the best by more than a tenth. Where that leaves fewer than `least`, the
 * machine was never quiet: then the least disturbed ones.
 */
export function undisturbed(rounds: readonly Round[], least: number): Round[] {
  const sorted = [...rounds].sort((a, b) => a.canary - b.canary)
  const limit = (sorted[0]?.canary ?? 0) * DISTURBED
  return sorted.filter((round, i) => round.canary <= limit || i < least)
}

/** The median. */
export function middle(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  const half = (sorted.length - 1) / 2
  return (sorted[Math.floor(half)]! + sorted[Math.ceil(half)]!) / 2
}

/** Minimum and median of each side. */
export function summaries(rounds: readonly Round[]): Record<string, Summary> {
  const sides = Object.keys(rounds[0]?.seconds ?? {})
  return Object.fromEntries(
    sides.map((side) => {
      const seconds = rounds.map((round) => round.seconds[side]!)
      return [side, { minimum: Math.min(...seconds), median: middle(seconds) }]
    }),
  )
}

/** The median over rounds of a / b, taken in each round: a slow spell of the machine meets both. */
export function medianRatio(rounds: readonly Round[], a: string, b: string): number {
  return summaries(rounds.map(({ seconds, canary }) => ({ seconds: { ratio: seconds[a]! / seconds[b]! }, canary })))
    .ratio!.median
}
