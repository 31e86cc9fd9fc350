import { currentHost, type TypeErrors } from './host.js'

/**
 * Sets the treatment of type errors in the following cells. It has no effect in a plain terminal.
 *
 * @param mode `error` (the initial mode): a cell with type errors does not run; `warning`: it runs, and they are printed;
 *   `off`: types are not checked
 */
export function typeErrors(mode: TypeErrors): void {
  currentHost()?.setTypeErrors(mode)
}
