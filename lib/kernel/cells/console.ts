import { Console } from 'node:console'
import type { InspectOptions } from 'node:util'
import { currentOwner } from './context.js'
import { boundedOptions, inspectBounded } from './inspect.js'
import { publish } from './wire.js'

/**
 * Gives the global console methods that only print: Node's own also tell the inspector, which keeps the printed objects
 * of the last thousand calls alive.
 */
export function replaceConsole(): void {
  const plain = new Console({
    stdout: process.stdout,
    stderr: process.stderr,
    // A failing write cannot happen here, and looking out for one costs more than the write.
    ignoreErrors: false,
    colorMode: false,
    inspectOptions: boundedOptions,
  })
  const clear = (): void => publish(currentOwner()?.parent ?? null, 'clear_output', { wait: false })
  // `console.dir` leaves out custom inspection, by which objects with many keys are cut.
  const dir = (value: unknown, options: InspectOptions = {}): void => plain.log(inspectBounded(value, options))
  const methods: Record<string, unknown> = { ...plain, clear, dir }
  // Console's constructor binds its methods: they are own properties.
  for (const [name, method] of Object.entries(methods))
    if (typeof method === 'function' && name in console && name !== 'Console')
      Object.defineProperty(console, name, { value: method, configurable: true, writable: true, enumerable: true })
}
