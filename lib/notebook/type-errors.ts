import { currentHost, type TypeErrors } from './host.js'

/**
 * Sets how type errors of the following cells are treated: `error`, which is the default: such a cell is not run;
 * `warning`: it is run, and they are printed; `off`: nobody looks for them. Without effect in a plain terminal.
 */
export function typeErrors(mode: TypeErrors): void {
  currentHost()?.setTypeErrors(mode)
}
