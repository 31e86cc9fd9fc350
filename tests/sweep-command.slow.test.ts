import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { execute } from '../lib/cli/main.js'
import type { PlannedStatus } from '../lib/experiment/sweep/coverage.js'
import { listPlans, readPlan } from '../lib/experiment/sweep/plan.js'
import { planSweep } from '../lib/experiment/sweep/plan-sweep.js'
import { UserError } from '../lib/index.js'
import { listRuns } from '../lib/results/run.js'
import { withFailure } from './files/failing.js'
import { recurlab } from './recurlab.js'
import { root } from './shared.js'

const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-sweep-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const tiny = [
  ...['T=1', 'n=1', 'hidden=16', 'heads=2', 'K=2', 'batch=8', 'trainPuzzles=20', 'testPuzzles=10', 'trainSteps=20'],
  ...['evalEvery=10', 'checkpointEvery=10'],
]
const pocket = ['sweep', 'sudoku-pocket', ...tiny]
/** Runs that take hours. */
const endless = pocket.map((text) => text.replace(/^(trainSteps|evalEvery)=.*/, '$1=10000000'))

/** Runs a command in this process. Returns its exit code and what it printed on standard output. */
async function here(...args: readonly string[]): Promise<{ code: number; stdout: string }> {
  const write = process.stdout.write
  let stdout = ''
  const real = write.bind(process.stdout) as (...args: unknown[]) => boolean
  process.stdout.write = ((...args: unknown[]): boolean => {
    // The test runner reports in bytes.
    if (typeof args[0] !== 'string') return real(...args)
    stdout += args[0]
    return true
  }) as typeof write
  try {
    return { code: await execute(args), stdout }
  } finally {
    process.stdout.write = write
  }
}

const statusOf = async (plan: string, out: string): Promise<PlannedStatus[]> =>
  (JSON.parse((await here('sweep', 'status', plan, `out=${out}`, '--json')).stdout) as { runs: PlannedStatus[] }).runs

test('a sweep prints its cost, trains by workers, and trains nothing twice', async () => {
  const out = path.join(folder, 'whole')
  const args = [...pocket, 'mixer=mlp,attention', 'seed=0..1', `out=${out}`]
  const dry = await here(...args, '--dry-run')
  assert.equal(dry.code, 0)
  assert.match(dry.stdout, /mixer +seed 0 +seed 1\n.*\nmlp +missing +missing\nattention +missing +missing\n/)
  assert.match(dry.stdout, /\n4 runs: 4 to train · \d workers? × \d threads? · .* of disk · .* of memory each\nPlan: /)
  assert.equal(existsSync(path.join(out, 'runs')), false)
  const [plan, ...others] = listPlans(out)
  assert.deepEqual(others, [])
  const { code, stdout, stderr } = await recurlab([...args, 'workers=2'])
  assert.equal(code, 0, stderr)
  assert.match(stdout, /4 runs: 4 to train · 2 workers × 1 thread · /)
  assert.match(stdout, /\n4 runs: 4 done\n$/)
  assert.deepEqual(listPlans(out), [plan])
  const { code: again, stdout: said } = await here(...args)
  assert.equal(again, 0)
  assert.match(said, /was already finished and is reused/)
  assert.equal(listRuns(out).runs.length, 4)
  // One more seed: the stored runs are part of the new plan.
  const more = await here(...pocket, 'mixer=mlp,attention', 'seed=0..2', `out=${out}`, '--dry-run', '--json')
  const { cost, runs } = JSON.parse(more.stdout) as { cost: object; runs: PlannedStatus[] }
  assert.deepEqual(
    { ...cost, seconds: 0, diskBytes: 0, memoryBytes: 0, workers: 0, threads: 0 },
    {
      ...{ runs: 6, stored: 4, failed: 0, left: 2, workers: 0, threads: 0 },
      ...{ seconds: 0, measured: false, diskBytes: 0, memoryBytes: 0 },
    },
  )
  assert.equal(runs.filter(({ state }) => state === 'done').length, 4)
  const list = await here('sweep', 'list', `out=${out}`, '--json')
  const rows = JSON.parse(list.stdout) as { sweep: string; varied: string; coverage: string }[]
  assert.deepEqual(
    rows.map(({ varied, coverage }) => [varied, coverage]),
    [
      ['mixer, seed', '4 runs: 4 done'],
      ['mixer, seed', '6 runs: 4 done, 2 missing'],
    ],
  )
})

test('cancel stops a sweep from another process: it saves and ends with 75, and resume goes on', async () => {
  const out = path.join(folder, 'cancelled')
  const args = [...endless, 'seed=0,1', `out=${out}`]
  let cancelled = false
  const { code, stdout, stderr } = await recurlab([...args, 'workers=2', '--yes'], {
    watch: () => {
      if (cancelled || listRuns(out).runs.filter(({ status }) => status.step > 0).length < 2) return
      cancelled = true
      void here('sweep', 'cancel', listPlans(out)[0]!, `out=${out}`)
    },
    every: 300,
  })
  assert.equal(code, 75, stderr)
  assert.match(stdout, /the sweep was cancelled: its runs are saved and stopped/)
  assert.match(stderr, /Stopped and saved\. To continue: npx recurlab sweep resume sudoku-2-runs-\w+ out=/)
  const [plan] = listPlans(out)
  const before = await statusOf(plan!, out)
  assert.deepEqual(
    before.map(({ state, step }) => [state, step > 0]),
    [
      ['interrupted', true],
      ['interrupted', true],
    ],
  )
  let sent = false
  const resumed = await recurlab(['sweep', 'resume', plan!, 'workers=2', `out=${out}`], {
    watch: (text, kill) => {
      if (sent || (text.match(/resumed after step/g) ?? []).length < 2 || !text.includes('steps/s')) return
      sent = true
      setTimeout(() => kill('SIGTERM'), 500)
    },
  })
  assert.equal(resumed.code, 75, resumed.stderr)
  const after = await statusOf(plan!, out)
  assert.ok(after.every(({ step, state }, i) => state === 'interrupted' && step >= before[i]!.step))
  assert.ok(after.some(({ step }, i) => step > before[i]!.step))
  assert.equal(listRuns(out).runs.length, 2)
})

test('a failed run is told with its reason and ends the command with 1; retry names the runs that go on', async () => {
  const out = path.join(folder, 'failed')
  const growing = ['warmup=0', 'optimizer=adamw', 'weightDecay=100', 'lr=1e-6,10', 'workers=2', `out=${out}`]
  const { code, stderr } = await recurlab([...pocket, ...growing])
  assert.equal(code, 1)
  assert.match(stderr, /Failed: (\S+): .*\nTo try again: npx recurlab sweep retry sudoku-2-runs-\w+ out=/)
  const [, run] = /Failed: (\S+):/.exec(stderr)!
  const [plan] = listPlans(out)
  assert.match((await here('sweep', 'status', plan!, `out=${out}`)).stdout, /2 runs: 1 done, 1 failed\nFailed: /)
  const retried = await here('sweep', 'retry', plan!, `out=${out}`)
  assert.ok(retried.stdout.startsWith(`${run}\nTo continue: npx recurlab sweep resume ${plan}`), retried.stdout)
  assert.equal((await statusOf(plan!, out)).filter(({ state }) => state === 'failed').length, 0)
  assert.equal((await here('sweep', 'retry', plan!, `out=${out}`)).stdout, 'No failed runs.\n')
})

test('a file gives a sweep its own mixer and metric, which the workers have too', async () => {
  const out = path.join(folder, 'own')
  const file = path.join(folder, 'own.ts')
  writeFileSync(
    file,
    `import { type Metric, type Mixer, tf } from '${path.join(root, 'lib/index.js')}'
const conv: Mixer = {
  weights: ({ hidden }) => ({ kernel: [3, hidden, hidden] }),
  apply: (h, { kernel }) => tf.conv1d(h, kernel, 1, 'same'),
}
const right: Metric = ({ prediction, answer }) => answer.filter((token, i) => token === prediction[i]).length
export const base = {
  task: 'sudoku', box: '2x2', clues: 6, trainPuzzles: 20, testPuzzles: 10, T: 1, n: 1, hidden: 16, heads: 2, K: 2,
  batch: 8, trainSteps: 10, evalEvery: 5,
} as const
export const grid = { mixer: { mine: conv, mlp: 'mlp' }, seed: [0, 1] }
export const options = { metrics: { right }, name: 'own' }
`,
  )
  const { code, stdout, stderr } = await recurlab(['sweep', file, 'workers=2', `out=${out}`, '--json'])
  assert.equal(code, 0, stderr + stdout)
  const { coverage, results } = JSON.parse(stdout) as {
    coverage: PlannedStatus[]
    results: Record<string, unknown>[]
  }
  assert.ok(coverage.every(({ state }) => state === 'done'))
  assert.ok(
    results.every((row) => typeof row.right === 'number'),
    JSON.stringify(results),
  )
  assert.deepEqual([...new Set(results.map(({ mixer }) => mixer))].sort(), ['mine', 'mlp'])
})

test('a long sweep needs a yes, or --yes, and trains nothing without', async () => {
  const out = path.join(folder, 'long')
  const args = [...endless, 'seed=0..9', `out=${out}`]
  const { code, stderr } = await recurlab(args)
  assert.equal(code, 2, stderr)
  assert.match(stderr, /expected --yes, or a terminal to ask in.*Train 10 runs in about \d.*Nothing was trained/)
  assert.equal(existsSync(path.join(out, 'runs')), false)
})

test('bad input is refused with one message, before anything is written', async () => {
  const out = path.join(folder, 'refused')
  writeFileSync(path.join(folder, 'empty.ts'), 'export const base = {}\nexport const grid: object[] = []\n')
  writeFileSync(path.join(folder, 'nothing.ts'), 'export const one = 1\n')
  const own = (name: string): string => path.join(folder, name)
  const wrong: [readonly string[], RegExp][] = [
    [[...pocket, 'mixer=mlp,mlp'], /key mixer.*mlp.*(twice|second)/],
    [[...pocket, 'seed=3..1'], /expected seed=FROM\.\.TO with FROM ≤ TO, found 3\.\.1/],
    [[...pocket, 'sede=0,1'], /key sede: .*Did you mean seed\?/],
    [[...pocket, 'mixer=mpl'], /key mixer.*mpl/],
    [[...pocket, 'workers=0'], /workers.*0/],
    [[...pocket, 'askAbove=soon'], /askAbove.*soon/],
    [[...pocket, 'rungs=2'], /expected halving=F beside halvingMetric= and rungs=/],
    [['sweep', own('empty.ts')], /the grid: expected at least one grid, found an empty list/],
    [['sweep', own('nothing.ts')], /nothing\.ts: expected the exports base, grid/],
    [['sweep', own('absent.ts')], /absent\.ts: expected a file, found none/],
    [['sweep', 'status', 'nothing'], /expected a sweep "nothing", found no sweeps/],
    // An idle key: the same run twice.
    [
      [...pocket.filter((text) => text !== 'heads=2'), 'heads=2,4', 'mixer=mlp'],
      /expected runs that differ, found runs 1 and 2 that train the same/,
    ],
  ]
  for (const [args, message] of wrong)
    await assert.rejects(execute([...args, `out=${out}`]), (error: unknown) => {
      assert.ok(error instanceof UserError, String(error))
      assert.match(error.message, message)
      assert.equal(error.exitCode, 2, error.message)
      return true
    })
  assert.equal(existsSync(out), false)
  writeFileSync(own('file'), '')
  await assert.rejects(execute([...pocket, 'seed=0,1', `out=${own('file')}`]), (error: unknown) => {
    assert.ok(error instanceof UserError, String(error))
    assert.match(error.message, /not a folder|ENOTDIR|a file/)
    return true
  })
})

test('on a full disk the plan is stored whole or not at all', async () => {
  const out = path.join(folder, 'full')
  const base = { ...({ task: 'sudoku', box: '2x2', clues: 6, trainPuzzles: 20, testPuzzles: 10 } as const) }
  const planned = await planSweep({ ...base, hidden: 16, trainSteps: 5 }, { seed: [0, 1] }, null, { resultsDir: out })
  for (let n = 0; ; n++) {
    const { operations, error } = withFailure(n, 'for good', () => planned.store())
    if (operations <= n) break
    if (error !== null) {
      assert.ok(error instanceof UserError, String(error))
      assert.match(error.message, /no space|ENOSPC/)
    }
    // A plan that is there can be read.
    for (const name of listPlans(out)) assert.equal(readPlan(name, out).runs.length, 2)
    const left = existsSync(planned.plan.dir)
      ? readdirSync(planned.plan.dir).filter((name) => name !== 'plan.json')
      : []
    assert.ok(left.length <= 1, left.join())
    rmSync(out, { recursive: true, force: true })
    assert.ok(n < 100)
  }
  assert.equal(listPlans(out).length, 1)
})

test('a sweep whose data set has changed since is refused by resume, and by its workers', async () => {
  const out = path.join(folder, 'changed')
  const data = path.join(folder, 'data')
  const build = (seed: number) =>
    here('data', 'build', 'sudoku', 'box=2x2', 'clues=6', 'train=20', 'test=10', `seed=${seed}`, `out=${data}`)
  await build(0)
  const args = ['sweep', 'sudoku-pocket', ...tiny.filter((text) => !/Puzzles/.test(text)), `data=${data}`, 'seed=0,1']
  assert.equal((await here(...args, `out=${out}`, '--dry-run')).code, 0)
  const [plan] = listPlans(out)
  rmSync(data, { recursive: true })
  await build(1)
  await assert.rejects(
    execute(['sweep', 'resume', plan!, `out=${out}`]),
    /expected the data set that the sweep was planned with, hash \w+…?, found another, hash .* plan the sweep again/,
  )
  rmSync(data, { recursive: true })
  await assert.rejects(execute(['sweep', 'resume', plan!, `out=${out}`]), UserError)
  assert.equal(existsSync(path.join(out, 'runs')), false)
})
