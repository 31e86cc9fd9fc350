import { UserError } from '../../errors.js'
import type { TypeErrors } from '../../notebook/host.js'

/** What the environment says about a kernel. */
export interface Settings {
  /** How type errors are treated until a cell says otherwise. Default: `error`. */
  readonly typeErrors: TypeErrors
  /** Messages about values that make no sense; the defaults stand in for them. */
  readonly problems: readonly string[]
}

const MODES: readonly TypeErrors[] = ['error', 'warning', 'off']

/** Reads RECURLAB_TYPE_ERRORS. A kernel that ended because of a wrong value could not tell the user why. */
export function readSettings(environment: Readonly<Record<string, string | undefined>> = process.env): Settings {
  const value = environment.RECURLAB_TYPE_ERRORS || 'error'
  const typeErrors = MODES.find((mode) => mode === value)
  if (typeErrors) return { typeErrors, problems: [] }
  const { message } = new UserError({
    where: 'RECURLAB_TYPE_ERRORS',
    expected: MODES.join(', ').replace(/, (?=[^,]*$)/, ' or '),
    found: JSON.stringify(value),
    todo: 'Type errors are errors in this session. Set it right, or unset it, and restart the kernel.',
  })
  return { typeErrors: 'error', problems: [message] }
}
