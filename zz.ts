import { arc, train, loadRun } from './lib'
const t0 = Date.now()
const families = ['mirror', 'recolour', 'shift', 'gravity']
const data = await arc({ train: 20, test: 20, augment: 1000, board: 6, size: 6, families, seed: 0 })
console.log('data', (Date.now() - t0) / 1000, data.manifest.puzzleIdentifiers, data.train.count, data.test.count)
const t1 = Date.now()
const id = await train({ mixer: 'attention', hidden: 64, heads: 4, layers: 1, T: 1, n: 2, K: 1, batch: 64, trainSteps: 10000, lr: 2e-3, puzzleLr: 0.03, weightDecay: 0.1, ema: 0.98, evalEvery: 2500 }, data, { resultsDir: '/tmp/many' })
const r = loadRun(id, '/tmp/many')
console.log('train', (Date.now() - t1) / 1000); for (const e of r.evaluations) console.log(e.step, e['test.pass@1'], e['test.pass@2'], e.trainCpuSeconds)
