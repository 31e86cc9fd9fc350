import { openRun } from '../results/run.js'
import { STOPPED } from './interrupt.js'

/**
 * Returns the exit code of a command that trained a run: 0 when it is finished, also where a stop came during its last step, else
 * 75, after the line that says how to continue.
 *
 * @param out the results folder as given; undefined for the default
 */
export function doneOrStopped(id: string, out: string | undefined): number {
  if (openRun(id, out).state === 'finished') return 0
  const place = out === undefined ? '' : ` out=${out}`
  process.stderr.write(`Stopped and saved. To continue: npx recurlab resume ${id}${place}\n`)
  return STOPPED
}
