import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { startBackend } from '../../lib/backend/index.js'
import { readPlan } from '../../lib/experiment/sweep/plan.js'
import { verifyThings } from '../../lib/experiment/verify/verify.js'
import { type Dataset, evaluateRun, publish, reproduce, resume, runs, sweep, train } from '../../lib/index.js'
import { isCheckpointFile } from '../../lib/results/layout.js'
import { openRun, readEvaluations, readMetrics } from '../../lib/results/run.js'
import { recurlab } from '../recurlab.js'
import { quiet, smallData, smallRun } from './small-run.js'

let folder = ''
let data: Dataset
before(async () => {
  await startBackend()
  folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-publish-'))
  data = await smallData()
})
after(() => rmSync(folder, { recursive: true, force: true }))

const base = smallRun
const places = (name: string): { resultsDir: string; to: string } => ({
  resultsDir: path.join(folder, name),
  to: path.join(folder, `${name}-published`),
})

test('a published run lacks its checkpoints and most metrics, has the same results, and repeats with the same bits', async () => {
  const { resultsDir, to } = places('one')
  const id = await train(base, data, { resultsDir, ...quiet })
  const [copied] = publish([id], { resultsDir, to, metricsEvery: 4 })
  assert.deepEqual([copied!.id, copied!.wasThere], [id, false])
  assert.ok(copied!.bytes < 100_000)
  const files = readdirSync(openRun(id, resultsDir).dir)
  assert.ok(files.some(isCheckpointFile))
  assert.deepEqual(readdirSync(copied!.dir).sort(), files.filter((name) => !isCheckpointFile(name)).sort())
  const published = openRun(id, to)
  assert.deepEqual([...readMetrics(published).getChild('step')!], [1, 4, 6])
  assert.deepEqual(
    readEvaluations(published).toArray().map(String),
    readEvaluations(openRun(id, resultsDir)).toArray().map(String),
  )
  const made = await reproduce(id, { resultsDir: to, data, ...quiet })
  assert.equal(made.isSame, true, made.verdict())
  assert.deepEqual(made.compared, { metrics: 3, evaluations: 3, outcomes: 10, tensors: 0 })
  assert.equal(runs({}, { resultsDir: to }).numRows(), 1)
  assert.deepEqual(
    (await verifyThings([], { results: to })).flatMap(({ faults }) => faults),
    [],
  )
})

test('what needs weights says that a published run has none', async () => {
  const { resultsDir, to } = places('weights')
  const id = await train(base, data, { resultsDir, ...quiet })
  publish([id], { resultsDir, to })
  await assert.rejects(evaluateRun(id, { resultsDir: to, data }), /expected a checkpoint, found none: .*published/)
  await assert.rejects(resume(id, { resultsDir: to, data }), /expected a run that is not finished/)
})

test('a published sweep keeps its plan; publishing again changes nothing; a label comes along', async () => {
  const { resultsDir, to } = places('sweep')
  const swept = await sweep(base, { seed: [0, 1] }, data, { resultsDir, workers: 1, name: 'two seeds' })
  const id = swept.coverage.plan.id
  assert.deepEqual(
    publish([id], { resultsDir, to }).map(({ wasThere }) => wasThere),
    [false, false],
  )
  const plan = readPlan(id, to)
  assert.equal(path.resolve(plan.resultsDir), path.resolve(to))
  assert.deepEqual(
    plan.runs.map(({ run }) => run),
    readPlan(id, resultsDir).runs.map(({ run }) => run),
  )
  assert.equal(readPlan(id, resultsDir).storedData.length, 1, 'a data set lies with the plan, and is not published')
  assert.deepEqual(
    (await verifyThings([], { results: to })).flatMap(({ faults }) => faults),
    [],
  )
  const status = (run: string): string => readFileSync(path.join(to, 'runs', run, 'status.json'), 'utf8')
  const earlier = plan.runs.map(({ run }) => status(run))
  assert.deepEqual(
    publish([id], { resultsDir, to }).map(({ wasThere }) => wasThere),
    [true, true],
  )
  assert.deepEqual(
    plan.runs.map(({ run }) => status(run)),
    earlier,
  )
  assert.match(readFileSync(path.join(to, 'runs', plan.runs[0]!.run, 'label.json'), 'utf8'), /two seeds/)
})

test('an unfinished or damaged run and an unknown name are refused, and nothing is written', async () => {
  const { resultsDir, to } = places('bad')
  const finished = await train(base, data, { resultsDir, ...quiet })
  const stop = new AbortController()
  const observer = { onStep: ({ step }: { readonly step: number }) => step === 3 && stop.abort() }
  const stopped = await train({ ...base, seed: 1 }, data, { resultsDir, observer, signal: stop.signal })
  const both = [finished, stopped]
  assert.throws(() => publish(both, { resultsDir, to }), /expected a finished run, found one that is interrupted/)
  assert.throws(() => publish(['20200101'], { resultsDir, to }), /expected a run "20200101"/)
  const other = path.join(folder, 'damaged')
  cpSync(resultsDir, other, { recursive: true })
  writeFileSync(path.join(other, 'runs', finished, 'outcomes.arrow'), 'x')
  assert.throws(() => publish([finished], { resultsDir: other, to }), /outcomes\.arrow: expected .*, found another one/)
  assert.equal(existsSync(path.join(to, 'runs', finished)), false)
  assert.deepEqual(existsSync(path.join(to, 'runs')) ? readdirSync(path.join(to, 'runs')) : [], [])
})

test('another run of the same ID is refused, and stays as it is', async () => {
  const { resultsDir, to } = places('same')
  const id = await train(base, data, { resultsDir, ...quiet })
  const other = await train({ ...base, seed: 1 }, data, { resultsDir: path.join(folder, 'elsewhere'), ...quiet })
  cpSync(openRun(other, path.join(folder, 'elsewhere')).dir, path.join(to, 'runs', id), { recursive: true })
  const status = readFileSync(path.join(to, 'runs', id, 'status.json'), 'utf8')
  assert.throws(() => publish([id], { resultsDir, to }), /expected nothing, or run .*, found another run of this ID/)
  assert.equal(readFileSync(path.join(to, 'runs', id, 'status.json'), 'utf8'), status)
})

test('the command publishes, prints the sizes, and refuses wrong use', async () => {
  const { resultsDir, to } = places('command')
  const id = await train(base, data, { resultsDir, ...quiet })
  const { code, stdout } = await recurlab(['publish', id, `out=${resultsDir}`, `to=${to}`, '--json'])
  assert.equal(code, 0)
  assert.equal((JSON.parse(stdout) as { id: string }[])[0]!.id, id)
  assert.equal((await recurlab(['publish'])).code, 2)
  assert.equal((await recurlab(['publish', id, `out=${resultsDir}`, `to=${to}`, 'metricsEvery=0'])).code, 2)
})
