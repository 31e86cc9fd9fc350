// Saves checkpoints without end, until it is killed; begun again, it goes on from the last.
import { listRuns, loadCheckpoint, resumeRun, saveCheckpoint } from '../../lib/results/run.js'
import { checkpointAt, newRun } from './fixture.js'

const folder = process.argv[2] ?? ''
const [stored] = listRuns(folder).runs
let step = stored ? loadCheckpoint(stored).state.step : 0
const run = stored ? resumeRun(stored, step) : newRun(folder)
for (;;) {
  step++
  run.logMetrics({ step, 'train.loss': 1 / step })
  saveCheckpoint(run, checkpointAt(step, 100_000))
  process.stdout.write(`${step}\n`)
}
