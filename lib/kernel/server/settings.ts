import { UserError } from '../../errors.js'
import type { TypeErrors } from '../../notebook/host.js'

/** Settings of the notebook kernel from the environment. */
export interface Settings {
  /** Treatment of type errors until a cell changes it. Default: `error`. */
  readonly typeErrors: TypeErrors
  /** Seconds for each process of the kernel to become ready. Default: 60. */
  readonly startSeconds: number
  /** Messages about invalid values, which are replaced by the defaults. */
  readonly problems: readonly string[]
}

const MODES: readonly TypeErrors[] = ['error', 'warning', 'off']

/** Seconds until a process is ready: a loaded machine takes long to start Node. */
const START_SECONDS = 60

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads RECURLAB_TYPE_ERRORS and RECURLAB_START_SECONDS. An invalid value does not end the kernel, which could then not
 * report the reason.
 */
export function readSettings(environment: Environment = process.env): Settings {
  const problems: string[] = []
  const value = environment.RECURLAB_TYPE_ERRORS || 'error'
  const typeErrors = MODES.find((mode) => mode === value)
  if (!typeErrors)
    problems.push(
      new UserError({
        where: 'RECURLAB_TYPE_ERRORS',
        expected: MODES.join(', ').replace(/, (?=[^,]*$)/, ' or '),
        found: JSON.stringify(value),
        todo: 'Type errors stop cells in this session. Correct or unset it, and restart the kernel.',
      }).message,
    )
  const seconds = secondsOf(environment)
  if (seconds === null)
    problems.push(
      new UserError({
        where: 'RECURLAB_START_SECONDS',
        expected: 'a number above 0',
        found: JSON.stringify(environment.RECURLAB_START_SECONDS),
        todo: `${START_SECONDS} is used. Correct or unset it.`,
      }).message,
    )
  return { typeErrors: typeErrors ?? 'error', startSeconds: seconds ?? START_SECONDS, problems }
}

/** Returns RECURLAB_START_SECONDS or its default; null if it is invalid. */
function secondsOf({ RECURLAB_START_SECONDS: value }: Environment): number | null {
  if (value === undefined || value === '') return START_SECONDS
  const seconds = Number(value)
  // Node fires a longer timer at once.
  return seconds > 0 && seconds <= 2_000_000 ? seconds : null
}
