import { createRequire } from 'node:module'
import type * as JupyterModule from 'tslab/dist/jupyter.js'
import { currentOwner } from './context.js'
import { asJson, publish } from './wire.js'

const require = createRequire(import.meta.url)
let connected = false

/** Returns tslab's module that sends; undefined if tslab is not loaded, or lacks it. */
function loadedJupyter(): { lastWriteDisplayData: unknown } | undefined {
  try {
    return require.cache[require.resolve('tslab/dist/jupyter.js')]?.exports
  } catch {
    return undefined
  }
}

/** Tells tslab's `display` where to send, once a cell has imported tslab. */
export function connectTslab(): void {
  if (connected) return
  const jupyter = loadedJupyter()
  if (!jupyter) return
  const write: typeof JupyterModule.lastWriteDisplayData = (data, update) => {
    const message = update ? 'update_display_data' : 'display_data'
    publish(currentOwner()?.parent ?? null, message, asJson(data))
  }
  jupyter.lastWriteDisplayData = write
  connected = true
}
