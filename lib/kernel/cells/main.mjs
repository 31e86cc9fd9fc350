// The process that runs cells: node main.mjs ROOT CWD, started by the server (client.ts). It is also the entry point of
// its interrupting thread.
import { writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import { isMainThread, workerData } from 'node:worker_threads'
import { registerTypeScript } from '../../typescript/hook.mjs'

// SIGUSR1, which schedulers send before a time limit, would open Node's debugger to every user of the machine.
if (isMainThread) process.on('SIGUSR1', () => {})
const [root, cwd] = isMainThread ? process.argv.slice(2) : [workerData.root]

function start() {
  // Stacks are mapped by stack.ts, which knows cells.
  registerTypeScript(root, { stacks: false })
  const require = createRequire(import.meta.url)
  if (isMainThread) require('./main.ts').start(root, cwd)
  else require('./stopper.ts').start(workerData.state)
}

if (isMainThread) {
  try {
    start()
  } catch (error) {
    // Parts of the kernel already run: otherwise the error would be reported as one of a timer, and the process would
    // stay.
    writeSync(2, `${error?.stack ?? error}\n`)
    process.exit(1)
  }
} else start()
