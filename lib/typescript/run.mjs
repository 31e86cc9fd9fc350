// Runs a file of lib in a separate process: node lib/typescript/run.mjs FILE [ARGUMENT …]
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { registerTypeScript } from './hook.mjs'

// Without a listener, SIGUSR1 would open Node's debugger to every user of the machine.
process.on('SIGUSR1', () => process.exit(128 + 10))
registerTypeScript(path.resolve(fileURLToPath(new URL('../..', import.meta.url))))
process.argv.splice(1, 1)
createRequire(import.meta.url)(path.resolve(process.argv[1] ?? ''))
