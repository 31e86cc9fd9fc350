import { startupSnapshot } from 'node:v8'
import { createCalls } from './calls.js'
import { Cells } from './cells.js'
import { serve } from './main.js'
import { warmUp } from './warm.js'

/**
 * What the snapshot of the compiler is made of: bundled with TypeScript into one file, run once at set-up with
 * `node --build-snapshot`, and every kernel starts where this ends.
 */
const root = process.env.RECURLAB_ROOT
if (root === undefined) throw new Error('RECURLAB_ROOT has to name the folder of the project')

const cells = new Cells(root, root)
warmUp(root, cells, createCalls(root, cells, 'warm'))
startupSnapshot.setDeserializeMainFunction(() =>
  serve(({ cwd, salt }) => {
    cells.begin(cwd)
    return createCalls(root, cells, salt)
  }),
)
