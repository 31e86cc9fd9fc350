import { createRequire } from 'node:module'
import type * as JupyterModule from 'tslab/dist/jupyter.js'
import { currentOwner } from './context.js'
import { asJson, publish } from './wire.js'

const require = createRequire(import.meta.url)
let connected = false

/** Tells tslab's `display` where to send, once a cell has imported tslab. */
export function connectTslab(): void {
  if (connected) return
  const file = require.resolve('tslab/dist/jupyter.js')
  const jupyter = require.cache[file]?.exports as { lastWriteDisplayData: unknown } | undefined
  if (!jupyter) return
  const write: typeof JupyterModule.lastWriteDisplayData = (data, update) => {
    const message = update ? 'update_display_data' : 'display_data'
    publish(currentOwner()?.parent ?? null, message, asJson(data))
  }
  jupyter.lastWriteDisplayData = write
  connected = true
}
