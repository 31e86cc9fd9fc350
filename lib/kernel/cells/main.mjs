// The process that runs cells: node main.mjs ROOT CWD, started by the server (client.ts). The same file is the entry of its
// thread that interrupts.
import { createRequire } from 'node:module'
import { isMainThread, workerData } from 'node:worker_threads'
import { registerTypeScript } from '../typescript-hook.mjs'

// SIGUSR1, which schedulers send before a time limit, would open Node's debugger to every user of the machine.
if (isMainThread) process.on('SIGUSR1', () => {})
const [root, cwd] = isMainThread ? process.argv.slice(2) : [workerData.root]
registerTypeScript(root)
// Stack traces are mapped by stack.ts; Node's way would read the maps of every package, and does not know cells.
process.setSourceMapsEnabled(false)
const require = createRequire(import.meta.url)
if (isMainThread) require('./main.ts').start(root, cwd)
else require('./stopper.ts').start(workerData.state)
