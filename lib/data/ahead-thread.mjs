// The thread that prepares training batches, started by ahead.ts: through tsx, as the command does.
import { workerData } from 'node:worker_threads'
import { register } from 'tsx/esm/api'

register()
const { prepareBatches } = await import('./ahead-thread.ts')
prepareBatches(workerData)
