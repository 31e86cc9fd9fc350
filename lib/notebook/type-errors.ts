import { currentHost, type TypeErrors } from './host.js'

/**
 * Sets the treatment of type errors in the following cells: `error` (default), such a cell is not run; `warning`, it is
 * run, and they are printed; `off`, they are not checked. It has no effect in a plain terminal.
 */
export function typeErrors(mode: TypeErrors): void {
  currentHost()?.setTypeErrors(mode)
}
