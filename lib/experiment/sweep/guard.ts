import { UserError } from '../../errors.js'
import { currentHost } from '../../notebook/host.js'
import { formatSeconds } from '../../notebook/progress-text.js'
import type { SweepCost } from './cost.js'

/** Minutes above which a sweep asks before it starts. */
export const ASK_ABOVE = 30

/** Asks the user a question; null where nobody can answer. Its promise resolves to null when that shows only then. */
export type Ask = ((question: string) => Promise<string | null>) | null

/**
 * Asks before a long sweep starts. Without somebody to ask, it starts.
 *
 * @param askAbove minutes up to which it starts without a question
 * @param signal ends the question when it is aborted
 * @throws UserError (exit code 2) unless the answer is yes; nothing is trained then.
 */
export async function confirmCost(
  { seconds, left }: SweepCost,
  askAbove: number,
  ask: Ask,
  signal?: AbortSignal,
): Promise<void> {
  if (seconds <= 60 * askAbove || !ask) return
  const question = `Train ${left} ${left === 1 ? 'run' : 'runs'} in about ${formatSeconds(seconds)}? [y/N] `
  const answer = await Promise.race([ask(question), whenAborted(signal)])
  if (answer === null || /^\s*y(es)?\s*$/i.test(answer)) return
  throw new UserError({
    where: 'sweep',
    expected: 'y, to start it',
    found: JSON.stringify(answer.trim()),
    todo: 'Nothing was trained. A higher askAbove, in minutes, starts it without a question.',
    exitCode: 2,
  })
}

function whenAborted(signal: AbortSignal | undefined): Promise<null> {
  return new Promise((resolve) => signal?.addEventListener('abort', () => resolve(null), { once: true }))
}

/** Returns how to ask the user of a notebook; null in a headless run and outside notebooks. */
export function notebookAsk(): Ask {
  const host = currentHost()
  if (!host?.live) return null
  return async (question) => {
    try {
      return await host.input(question)
    } catch (error) {
      // A front end that cannot ask, as that of a batch execution.
      if (error instanceof UserError) return null
      throw error
    }
  }
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
