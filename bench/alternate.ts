import { type Round, undisturbed } from './rounds.js'

/** Minimum number of rounds counted, however disturbed the machine is. */
export const LEAST_ROUNDS = 3

/**
 * Measures sides in turn: each once in a round, with a canary before and after it. Disturbed rounds are repeated, but at most
 * twice as many as asked for are made.
 *
 * @param sides by name, each measures itself and returns its seconds
 * @param sing measures the canary
 * @param onRound called after each round with all of them
 */
export async function alternate(
  sides: Readonly<Record<string, () => Promise<number>>>,
  sing: () => Promise<number>,
  rounds: number,
  onRound: (rounds: readonly Round[]) => void,
): Promise<Round[]> {
  const all: Round[] = []
  await sing()
  while (all.length < rounds || (all.length < 2 * rounds && undisturbed(all, 0).length < rounds)) {
    const seconds: Record<string, number> = {}
    const canaries = [await sing()]
    for (const [side, measure] of Object.entries(sides)) {
      seconds[side] = await measure()
      canaries.push(await sing())
    }
    all.push({ seconds, canary: Math.max(...canaries) })
    onRound(all)
  }
  return all
}

/** Returns a round as a line of progress. */
export function roundText(all: readonly Round[], rounds: number): string {
  const text = Object.entries(all.at(-1)!.seconds).map(([side, value]) => `${side} ${value.toFixed(3)} s`)
  return `round ${all.length} of ${rounds}: ${text.join(', ')}`
}
