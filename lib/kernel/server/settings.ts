import { UserError } from '../../errors.js'
import type { TypeErrors } from '../../notebook/host.js'

/** What the environment says about a kernel. */
export interface Settings {
  /** How type errors are treated until a cell says otherwise. Default: `error`. */
  readonly typeErrors: TypeErrors
  /** Seconds that each process of the kernel may take to become ready. Default: 60. */
  readonly startSeconds: number
  /** Messages about values that make no sense; the defaults stand in for them. */
  readonly problems: readonly string[]
}

const MODES: readonly TypeErrors[] = ['error', 'warning', 'off']

/** A loaded machine may need long to start Node. */
const START_SECONDS = 60

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads RECURLAB_TYPE_ERRORS and RECURLAB_START_SECONDS. A kernel that ended because of a wrong value could not tell the
 * user why.
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
        todo: 'Type errors are errors in this session. Set it right, or unset it, and restart the kernel.',
      }).message,
    )
  const seconds = secondsOf(environment)
  if (seconds === null)
    problems.push(
      new UserError({
        where: 'RECURLAB_START_SECONDS',
        expected: 'a number above 0',
        found: JSON.stringify(environment.RECURLAB_START_SECONDS),
        todo: `${START_SECONDS} is taken. Set it right, or unset it.`,
      }).message,
    )
  return { typeErrors: typeErrors ?? 'error', startSeconds: seconds ?? START_SECONDS, problems }
}

/** RECURLAB_START_SECONDS or its default; null where it makes no sense. */
function secondsOf({ RECURLAB_START_SECONDS: value }: Environment): number | null {
  if (value === undefined || value === '') return START_SECONDS
  const seconds = Number(value)
  // A longer timer than this would be due at once.
  return seconds > 0 && seconds <= 2_000_000 ? seconds : null
}
