import { UserError } from '../../errors.js'
import { currentHost } from '../../notebook/host.js'
import { formatSeconds } from '../../notebook/progress-text.js'
import type { SweepCost } from './cost.js'

/** Minutes above which a sweep asks before it starts. */
export const ASK_ABOVE = 30

/** Asks the user a question; null where nobody can answer. */
export type Ask = ((question: string) => Promise<string>) | null

/**
 * Asks before a long sweep starts. Without somebody to ask, it starts.
 *
 * @param askAbove minutes up to which it starts without a question
 * @throws UserError (exit code 2) unless the answer is yes; nothing is trained then.
 */
export async function confirmCost({ seconds, left }: SweepCost, askAbove: number, ask: Ask): Promise<void> {
  if (seconds <= 60 * askAbove || !ask) return
  const answer = await ask(`Train ${left} ${left === 1 ? 'run' : 'runs'} in about ${formatSeconds(seconds)}? [y/N] `)
  if (/^\s*y(es)?\s*$/i.test(answer)) return
  throw new UserError({
    where: 'sweep',
    expected: 'y, to start it',
    found: JSON.stringify(answer.trim()),
    todo: 'Nothing was trained. A higher askAbove, in minutes, starts it without a question.',
    exitCode: 2,
  })
}

/** Returns how to ask the user of a notebook; null in a headless run and outside notebooks. */
export function notebookAsk(): Ask {
  const host = currentHost()
  return host?.live ? (question) => host.input(question) : null
}

/** Checks the option `askAbove`. @throws UserError (exit code 2) unless it is a number of minutes, 0 or more. */
export function checkAskAbove(minutes: number | undefined): void {
  if (minutes === undefined || minutes >= 0) return
  throw new UserError({
    where: 'option askAbove',
    expected: 'minutes, a number of 0 or more',
    found: String(minutes),
    exitCode: 2,
  })
}
