// Started by file-systems.slow.test.ts in a mount namespace of its own, with an empty folder to mount a small file system on. Prints what it
// sees as JSON.
import { execFileSync } from 'node:child_process'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { startBackend } from '../../lib/backend/index.js'
import { loadRun } from '../../lib/experiment/run/load.js'
import { evaluateRun, resume, runs, sweep, train } from '../../lib/index.js'
import { writeLabel } from '../../lib/results/label.js'
import { listRuns, openRun } from '../../lib/results/run.js'
import { saveDataset } from '../../lib/storage/store.js'
import { ended, pocket, pocketData } from './pocket.js'

const [folder] = process.argv.slice(2) as [string]
const mount = (...args: readonly string[]): void => void execFileSync('mount', args)
mount('-t', 'tmpfs', '-o', 'size=8m', 'none', folder)

await startBackend()
const data = await pocketData()
// Each checkpoint, of which all are kept, takes about half a megabyte.
const config = { ...pocket, hidden: 48, trainSteps: 12, evalEvery: 6, keepEvery: 2 } as const
const options = { observer: {}, estimate: false }
const whole = path.join(path.dirname(folder), 'whole')
const right = ended(await train(config, data, { ...options, resultsDir: whole }), whole)

/** Returns the message of what a piece of work throws; null when it succeeds. */
async function message(work: () => unknown): Promise<string | null> {
  try {
    await work()
    return null
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`
  }
}

const resultsDir = path.join(folder, 'results')
// A file of another program's, which is removed later.
writeFileSync(path.join(folder, 'other'), Buffer.alloc(6e6))
const full = await message(() => train(config, data, { ...options, resultsDir }))
const [stopped] = listRuns(resultsDir).runs
const { id, state, status } = stopped!
const hidden = readdirSync(stopped!.dir).filter((name) => name.startsWith('.'))
const fullFirst = await message(() => {
  // Not even a byte is left for the files of another run.
  for (let size = 2 ** 20; size >= 1; size >>= 1) fill(size)
  return train({ ...config, seed: 1 }, data, { ...options, resultsDir })
})
function fill(size: number): void {
  try {
    for (let i = 0; ; i++) writeFileSync(path.join(folder, `fill-${size}-${i}`), Buffer.alloc(size))
  } catch {}
}
const whenFull = listRuns(resultsDir)
for (const name of readdirSync(folder)) if (/^fill|^other/.test(name)) rmSync(path.join(folder, name))
await resume(id, { ...options, resultsDir, data })
const isEqual = isDeepStrictEqual(ended(id, resultsDir), right)

const before = readdirSync(folder, { recursive: true }).sort()
mount('-o', 'remount,ro', folder)
const dir = openRun(id, resultsDir).dir
const readOnly = {
  train: await message(() => train(config, data, { ...options, resultsDir })),
  reused: await message(() => train(config, data, { ...options, resultsDir, resume: true })),
  again: await message(() => resume(id, { ...options, resultsDir, data })),
  sweep: await message(() => sweep(config, { seed: [0, 1] }, data, { ...options, resultsDir, workers: 1 })),
  label: await message(() => writeLabel(openRun(dir), { name: 'x', note: null, tags: [] })),
  data: await message(() => saveDataset(data, path.join(folder, 'data'))),
  read: await message(async () => {
    if (runs({}, { resultsDir }).numRows() !== 1) throw new Error('not one run')
    if (loadRun(id, resultsDir).metrics.length !== config.trainSteps) throw new Error('not all steps')
    await evaluateRun(id, { resultsDir, data, onBatch: () => {} })
  }),
}
const isUnchanged = JSON.stringify(readdirSync(folder, { recursive: true }).sort()) === JSON.stringify(before)
const seen = {
  full,
  state,
  message: status.message,
  checkpoint: status.checkpoint,
  hidden,
  fullFirst,
  whenFull: { runs: whenFull.runs.map((run) => run.state), damaged: whenFull.damaged },
  isEqual,
  readOnly,
  isUnchanged,
}
process.stdout.write(`\n${JSON.stringify(seen)}\n`)
