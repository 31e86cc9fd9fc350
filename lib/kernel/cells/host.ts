import type { MimeBundle, NotebookHost } from '../../notebook/host.js'
import { type CommsOfProcess, callFor } from './comms.js'
import { Cell, currentCell, currentOwner } from './context.js'
import { input } from './input.js'
import type { Hooks, Stops } from './lifecycle.js'
import { asJson, publish, send } from './wire.js'

/** The key under which lib, which is loaded separately from the notebook kernel, finds it. */
const KEY = Symbol.for('recurlab.notebook')

/** Offers the notebook kernel to lib. */
export function installHost(hooks: Hooks, stops: Stops, comms: CommsOfProcess): void {
  const parent = () => currentOwner()?.parent ?? null
  const show = (message: string, bundle: MimeBundle, id: string): void =>
    publish(parent(), message, { data: asJson(bundle), metadata: {}, transient: { display_id: id } })
  const never = new AbortController().signal
  const host: NotebookHost = {
    live: process.env.RECURLAB_HEADLESS !== '1',
    get signal() {
      return currentOwner()?.signal ?? never
    },
    display: (bundle, id) => show('display_data', bundle, id),
    update: (bundle, id) => show('update_display_data', bundle, id),
    clear: (wait) => publish(parent(), 'clear_output', { wait }),
    atCellEnd: (name, callback) => void hooks.cellEnd.set(name, callback),
    atForcedStop: (name, callback) => void hooks.forcedStop.set(name, callback),
    forFrontEnd: (callback) => {
      const cell = parent()
      return (...args) => {
        if (cell) callFor(cell, () => callback(...args))
        else callback(...args)
      }
    },
    stoppable: (work) => {
      const owner = currentOwner()
      const cell = owner instanceof Cell ? owner : null
      return cell && cell === currentCell() ? stops.stoppable(cell, work) : work()
    },
    uncut: (work) => {
      const owner = currentOwner()
      return owner instanceof Cell && owner === currentCell() ? stops.uncut(owner, work) : work()
    },
    input,
    setTypeErrors: (mode) => send({ type: 'typeErrors', mode }),
    comms,
  }
  Object.defineProperty(globalThis, KEY, { value: host, enumerable: false, configurable: true, writable: true })
}
