// Imported first: what a signal does while a command has nothing to save. Without a listener, SIGUSR1 opens Node's debugger to every user of this machine.
import { writeSync } from 'node:fs'
import { constants } from 'node:os'

const STOPS = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGXCPU'])

/** @type {Map<string, () => void>} */
const listeners = new Map()

/** @type {import('./interrupt.js').EarlySignals} */
const early = {
  says: 'Nothing was done yet: the same command begins anew.',
  leave(...names) {
    for (const [name, listener] of listeners) if (names.includes(name)) process.removeListener(name, listener)
  },
}

for (const name of STOPS) {
  const end = () => {
    // Work that saves listens by itself; when it is done, the process ends by itself.
    if (process.listenerCount(name) > 1 || early.says === null) return
    try {
      writeSync(2, `\nrecurlab: stopped by ${name}. ${early.says}\n`)
    } catch {
      // Nobody reads it any more.
    }
    process.exit(128 + constants.signals[name])
  }
  listeners.set(name, end)
  process.on(name, end)
}

// Where interrupt.ts, a module of the other kind, finds it.
Object.assign(process, { [Symbol.for('recurlab.signals')]: early })
