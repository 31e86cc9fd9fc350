import type { Failure } from '../protocol.js'
import { currentOwner, Stop } from './context.js'
import { describeThrown } from './failure.js'
import { print } from './output.js'

/** Shows an uncaught error under the cell whose code threw it. */
export function reportThrown(what: string, error: unknown): void {
  const owner = currentOwner()
  // A stopped cell's code ends by throws.
  if (error instanceof Stop || owner?.stopped) return
  const show = ({ traceback }: Failure): void =>
    print('stderr', `${what}: ${traceback.join('\n')}\n`, owner?.parent ?? null)
  show(describeThrown(error, show))
}

/** Shows errors thrown in timers, and unhandled rejections; the process lives on. */
export function reportUncaught(): void {
  process.on('uncaughtException', (error) => reportThrown('Thrown in a timer or callback', error))
  process.on('unhandledRejection', (reason) => reportThrown('Rejected promise that nothing awaits', reason))
}
