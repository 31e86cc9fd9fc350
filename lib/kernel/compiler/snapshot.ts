import { startupSnapshot } from 'node:v8'
import { createCalls } from './calls.js'
import { Cells } from './cells.js'
import { serve } from './main.js'
import { warmUp } from './warm.js'

/**
 * Builds the snapshot of the compiler. Set-up bundles this file with TypeScript and runs it once with `node
 * --build-snapshot`; every kernel starts from the state at its end.
 */
const root = process.env.RECURLAB_ROOT
if (root === undefined) throw new Error('RECURLAB_ROOT must name the folder of the project')

const cells = new Cells(root, root)
warmUp(root, cells, createCalls(root, cells, 'warm'))
startupSnapshot.setDeserializeMainFunction(() =>
  serve(({ cwd, salt }) => {
    cells.begin(cwd)
    return createCalls(root, cells, salt)
  }),
)
