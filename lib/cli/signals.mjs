// Imported first: what a signal does while a command has nothing to save. Without a listener, SIGUSR1 opens Node's debugger to every user of this machine.
import { writeSync } from 'node:fs'
import inspector from 'node:inspector'
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

/** @param {typeof STOPS[number]} name */
const end = (name) => {
  try {
    writeSync(2, `\nrecurlab: stopped by ${name}. ${early.says}\n`)
  } catch {
    // Its reader has gone.
  }
  process.exit(128 + constants.signals[name])
}

for (const name of STOPS) {
  const heard = () => {
    // Work that saves listens by itself; when it is done, the process ends by itself.
    if (process.listenerCount(name) === 1 && early.says !== null) end(name)
  }
  listeners.set(name, heard)
  process.on(name, heard)
}

// A debugger that nobody asked for was opened by a SIGUSR1 that came before this line.
const asked = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].some((option) => option.includes('--inspect'))
if (!asked && inspector.url() !== undefined) {
  inspector.close()
  end('SIGUSR1')
}

// Where interrupt.ts, a module of the other kind, finds it.
Object.assign(process, { [Symbol.for('recurlab.signals')]: early })
