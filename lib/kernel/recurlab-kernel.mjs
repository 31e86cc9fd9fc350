// The entry point of the notebook kernel: node recurlab-kernel.mjs CONNECTION_FILE, as in the kernelspec.
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { machineLacks, settleTemporaryFolder } from '../setup/machine.mjs'

// SIGUSR1, which schedulers send before a time limit, would open Node's debugger to every user of the machine.
process.on('SIGUSR1', () => {})
const root = path.resolve(fileURLToPath(new URL('../..', import.meta.url)))
const [connectionFile] = process.argv.slice(2)
if (connectionFile === undefined) {
  process.stderr.write(
    'recurlab kernel: expected a connection file, found none. Jupyter starts the kernel: run npm run lab.\n',
  )
  process.exit(2)
}
const lacks = machineLacks()
if (lacks !== null) {
  process.stderr.write(`recurlab kernel: ${lacks}\n`)
  process.exit(1)
}
settleTemporaryFolder(root)
const { registerTypeScript } = await import('../typescript/hook.mjs')
registerTypeScript(root)
const { start } = createRequire(import.meta.url)('./server/start.ts')
start(path.resolve(connectionFile), root).catch((error) => {
  process.stderr.write(`recurlab kernel: ${error.message}\n`)
  process.exit(1)
})
