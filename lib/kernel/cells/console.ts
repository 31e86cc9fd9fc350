import { Console } from 'node:console'
import type { InspectOptions } from 'node:util'
import { currentOwner } from './context.js'
import { boundedOptions, inspectBounded } from './inspect.js'
import { publish } from './wire.js'

/**
 * Replaces the methods of the global console by ones that only print. Node's own methods also report to the inspector,
 * which keeps the printed objects of the last thousand calls alive.
 */
export function replaceConsole(): void {
  const plain = new Console({
    stdout: process.stdout,
    stderr: process.stderr,
    // A write cannot fail here, and watching for a failure costs more than the write.
    ignoreErrors: false,
    colorMode: false,
    inspectOptions: boundedOptions,
  })
  const clear = (): void => publish(currentOwner()?.parent ?? null, 'clear_output', { wait: false })
  // `console.dir` disables custom inspection, which cuts objects with many keys.
  const dir = (value: unknown, options: InspectOptions = {}): void => plain.log(inspectBounded(value, options))
  const methods: Record<string, unknown> = { ...plain, clear, dir }
  // The constructor of Console binds its methods, so that they are own properties.
  for (const [name, method] of Object.entries(methods))
    if (typeof method === 'function' && name in console && name !== 'Console')
      Object.defineProperty(console, name, { value: method, configurable: true, writable: true, enumerable: true })
}
