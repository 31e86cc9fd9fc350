import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { before, test } from 'node:test'
import { recordJob, storedJobs } from '../../lib/experiment/slurm/jobs.js'
import { statusesOf } from '../../lib/experiment/sweep/coverage.js'
import { storeFailure } from '../../lib/experiment/sweep/failures.js'
import { rungDecisions } from '../../lib/experiment/sweep/halving.js'
import { readPlan } from '../../lib/experiment/sweep/plan.js'
import { plannedData } from '../../lib/experiment/sweep/train-planned.js'
import { type Grid, sudoku, sweep } from '../../lib/index.js'
import { recurlab } from '../recurlab.js'
import { trials } from '../trials.js'
import { damageCases, damageFile, quickFolder } from './damage.js'
import { Expected } from './readers.js'

const FAILED = 'a-run-without-a-folder'
const folder = quickFolder()
let [dir, other] = ['', '']
let expected: Expected
let files: readonly string[] = []

const readers = {
  plan: () => readPlan(dir),
  statuses: () => statusesOf(readPlan(dir)),
  decisions: () => rungDecisions(readPlan(dir)),
  data: async () => {
    const plan = readPlan(dir)
    return (await plannedData(plan, plan.runs[0]!)).hash
  },
  jobs: () => storedJobs({ dir }),
}

/** A sweep with a decision, a data set of its own, a failed run and a submission. */
async function planned(lr: readonly number[]): Promise<string> {
  const data = await sudoku({ box: [2, 2], clues: 6, train: 20, test: 8, seed: 3 })
  const base = { hidden: 8, T: 1, n: 1, K: 2, batch: 8, trainSteps: 4, evalEvery: 2, evalBatch: 8 }
  const halving = { metric: 'test.cells', factor: 2, rungs: 1 }
  const resultsDir = path.join(folder, String(lr[0]))
  const runs = await sweep(base, { lr } as Grid, data, { resultsDir, workers: 1, halving })
  const { plan } = runs.coverage
  storeFailure(plan, FAILED, 'the loss is NaN')
  recordJob(plan, {
    arrays: [{ id: '12', offset: 0 }],
    report: null,
    runs: [0, 1],
    options: {},
    submitted: '2026-11-30T00:00:00Z',
  })
  return plan.dir
}

before(async () => {
  dir = await planned([1e-3, 1e-2])
  other = await planned([2e-3, 2e-2])
  files = readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(dir, path.join(entry.parentPath, entry.name)))
    .sort()
  assert.equal(rungDecisions(readPlan(dir)).length, 1)
  expected = await Expected.of(readers)
})

test(
  ...trials(
    'a sweep with a damaged file beside its plan is read right or refused by the name of the file',
    { cases: () => damageCases(files), sample: 70 },
    async (one, { random }) => {
      const restore = damageFile(dir, one, { other }, random)
      try {
        await expected.check(dir, one)
      } finally {
        restore()
      }
    },
  ),
)

test('a damaged run, plan or recording is named and does not hide the others of a list, which ends with exit code 1', async () => {
  const out = path.dirname(path.dirname(dir))
  const [first] = readPlan(dir).runs
  const run = path.join(out, 'runs', first!.run)
  const cases = [
    [['runs'], run, 'status.json'],
    [['sweep', 'status', dir], run, 'status.json'],
    [['sweep', 'list'], dir, 'plan.json'],
  ] as const
  for (const [words, folder, file] of cases) {
    const restore = damageFile(folder, { file, damage: 'empty' }, { other })
    try {
      const { code, stdout, stderr } = await recurlab([...words, `out=${out}`])
      assert.match(stderr, new RegExp(`^recurlab: (run|sweep) ${path.basename(folder)} cannot be read: .*${file}.*\n$`))
      assert.equal(code, 1, words.join(' '))
      if (words[0] === 'runs') assert.match(stdout, new RegExp(readPlan(dir).runs[1]!.run.slice(0, 15)))
    } finally {
      restore()
    }
  }
})
