import path from 'node:path'
import { createCalls } from './calls.js'
import { Cells } from './cells.js'
import { fingerprint } from './fingerprint.mjs'

/**
 * Compiles the modules of lib that the notebooks of a project import, for their kernels. Set-up runs this in a separate
 * process.
 */
function fill(root: string): void {
  const notebooks = path.join(root, 'notebooks')
  const calls = createCalls(root, new Cells(root, notebooks), fingerprint(root))
  const { failure } = calls.modules({ specifier: '../lib', from: `${notebooks}/` })
  if (!failure) return
  process.stderr.write(`${failure.traceback.join('\n')}\n`)
  process.exitCode = 1
}

fill(process.argv[2] ?? process.cwd())
