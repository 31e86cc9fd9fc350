// The thread that prepares training batches, started by ahead.ts.
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { workerData } from 'node:worker_threads'
import { registerTypeScript } from '../typescript/hook.mjs'

registerTypeScript(path.resolve(fileURLToPath(new URL('../..', import.meta.url))))
createRequire(import.meta.url)('../train/ahead-thread.ts').prepareBatches(workerData)
