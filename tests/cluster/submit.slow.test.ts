import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { examineNode, isOlder } from '../../lib/experiment/slurm/doctor.js'
import { queuedTasks, queueText, storedJobs } from '../../lib/experiment/slurm/jobs.js'
import { resolveSlurm, type SlurmOptions } from '../../lib/experiment/slurm/options.js'
import { logOf, slurmPlaces } from '../../lib/experiment/slurm/places.js'
import { ranges } from '../../lib/experiment/slurm/script.js'
import { arraysOf, cancelTasks, submissionText, submitSweep } from '../../lib/experiment/slurm/submit.js'
import { isCancelled } from '../../lib/experiment/sweep/cancel.js'
import { statusesOf } from '../../lib/experiment/sweep/coverage.js'
import { planSweep } from '../../lib/experiment/sweep/plan-sweep.js'
import { sweep } from '../../lib/index.js'
import { recurlab } from '../recurlab.js'
import { base, fakeSlurm } from './fake-slurm.js'

const { folder, programs, fake, called, willing, planned, data } = fakeSlurm()

test('a submission is one array of the unfinished runs, a dependent report, and a record of both', async () => {
  willing()
  const plan = await planned('one', 3)
  const submission = await submitSweep(plan, { width: 2, cpus: 4, time: 90, sbatch: { 'mail-type': 'END' } })
  const { arrayScript, reportScript } = slurmPlaces(plan)
  const script = arrayScript(0)
  assert.deepEqual(
    called().filter((line) => line.startsWith('sbatch')),
    [`sbatch --parsable ${script}`, `sbatch --parsable --dependency=afterany:70 ${reportScript}`],
  )
  const [job] = storedJobs(plan)
  assert.deepEqual([job!.arrays, job!.report, job!.runs], [[{ id: '70', offset: 0 }], '71', [0, 1, 2]])
  const text = readFileSync(script, 'utf8')
  for (const line of ['array=0-2%2', 'cpus-per-task=4', 'time=90', 'mail-type=END', 'requeue', 'signal=B:USR1@120'])
    assert.ok(text.includes(`\n#SBATCH --${line}\n`), line)
  assert.match(
    submissionText(submission),
    /^Submitted 3 runs as job 70; then job 71 makes tables and figures\. Script: /,
  )
})

test('runs that are in the queue are not submitted again', async () => {
  willing()
  const plan = await planned('queue', 3)
  await submitSweep(plan)
  fake(
    'squeue',
    "echo '80|70|1|RUNNING|None|(null)'; echo '71|71|N/A|PENDING|Dependency|(null)'; echo '9|8|0|RUNNING|None|x'",
  )
  const again = await submitSweep(plan)
  assert.deepEqual(again.job!.runs, [0, 2])
  assert.equal(again.queued, 1)
  const tasks = await queuedTasks(plan)
  assert.equal(queueText(tasks!), 'Slurm: job 70: running\nSlurm: job 71, the report: pending (Dependency)\n')
})

test('sbatch that is missing or refuses leaves no job behind, and says so in one message', async () => {
  const plan = await planned('refused', 2)
  rmSync(path.join(programs, 'sbatch'), { force: true })
  const before = process.env.PATH
  process.env.PATH = programs
  await assert.rejects(submitSweep(plan), /^UserError: Slurm: expected the command sbatch, found none on this machine/)
  process.env.PATH = before
  fake('sbatch', 'echo "sbatch: error: Batch job submission failed: Invalid account" >&2; exit 1')
  await assert.rejects(
    submitSweep(plan),
    /^UserError: sbatch: expected a request that Slurm accepts, found Batch job submission failed: Invalid account\. The script is/,
  )
  assert.deepEqual(storedJobs(plan), [])
})

test('an array whose report is refused is withdrawn', async () => {
  fake('sbatch', 'case "$*" in *afterany*) echo "sbatch: error: no dependencies here" >&2; exit 1;; esac; echo 12')
  fake('scancel', 'exit 0')
  const plan = await planned('withdrawn', 2)
  await assert.rejects(submitSweep(plan), /no dependencies here/)
  assert.ok(called().includes('scancel 12'), called().join())
  assert.deepEqual(storedJobs(plan), [])
})

test('sweep cancel takes waiting tasks out of the queue and leaves the others to save', async () => {
  willing()
  const plan = await planned('cancel', 2)
  assert.equal(await cancelTasks(plan), false)
  await submitSweep(plan)
  const { stdout, code } = await recurlab(['sweep', 'cancel', plan.dir])
  assert.equal(code, 0)
  assert.match(stdout, /^Cancelled\. Its waiting tasks have left the queue of Slurm\. 2 runs: 2 missing/)
  assert.ok(called().includes('scancel --quiet --state=PENDING 70 71'), called().join('\n'))
  assert.ok(isCancelled(plan))
  // Submitted again, it goes on.
  await submitSweep(plan)
  assert.equal(isCancelled(plan), false)
})

test('with successive halving an array trains to the decision, and sweep advance takes it and submits what goes on', async () => {
  willing()
  const halving = { metric: 'test.cells', factor: 2, rungs: 1 }
  const options = { resultsDir: path.join(folder, 'halving'), halving }
  const { plan, store } = await planSweep({ ...base, evalEvery: 10 }, { lr: [1e-3, 1e-4] }, data(), options)
  store()
  const advance = () => recurlab(['sweep', 'advance', plan.dir])
  const early = await advance()
  assert.equal(early.code, 2)
  assert.match(early.stderr, /expected a submission to Slurm, found none: recurlab sweep resume trains it here/)
  const submission = await submitSweep(plan, { cpus: 2, report: false })
  assert.match(
    submissionText(submission),
    /^Submitted 2 runs as job 70; then job 71 decides which configurations go on, and submits them\. /,
  )
  const script = readFileSync(slurmPlaces(plan).reportScript, 'utf8')
  assert.match(script, /sweep advance "\$PLAN"/)
  assert.doesNotMatch(script, /sweep report/)
  const waiting = await advance()
  assert.match(waiting.stdout, /^2 runs have not reached the next decision\. To continue: npx recurlab sweep resume /)
  for (const run of [0, 1]) {
    const { stdout, code, stderr } = await recurlab(['sweep', 'work', plan.dir, `run=${run}`])
    assert.equal(code, 0, stderr)
    assert.match(stdout, /waits for the next decision of successive halving\n$/)
  }
  assert.deepEqual(
    statusesOf(plan).map(({ state, step }) => [state, step]),
    [10, 10].map((step) => ['interrupted', step]),
  )
  assert.match(
    (await recurlab(['sweep', 'status', plan.dir])).stdout,
    /To continue: npx recurlab sweep resume \S+ --on slurm\n$/,
  )
  const decided = await advance()
  assert.match(decided.stdout, /^Decision 1: 1 of 2 configurations go on\.\nSubmitted 1 run as job 72\. Script: /)
  const [run] = storedJobs(plan).at(-1)!.runs
  const text = readFileSync(slurmPlaces(plan).arrayScript(0), 'utf8')
  for (const line of [`array=${run}`, 'cpus-per-task=2']) assert.ok(text.includes(`\n#SBATCH --${line}\n`), line)
  assert.equal((await recurlab(['sweep', 'work', plan.dir, `run=${run}`])).code, 0)
  assert.deepEqual(new Set(statusesOf(plan).map(({ state }) => state)), new Set(['done', 'ended']))
  assert.equal((await advance()).stdout, 'No decision is due.\n')
  assert.match((await recurlab(['sweep', 'status', plan.dir])).stdout, /\nDecision 1: 1 of 2 configurations go on\.\n$/)
  const none = await recurlab(['sweep', 'logs', plan.dir, 'report'])
  assert.equal(none.code, 2)
  assert.match(none.stderr, /expected a log of the jobs that follow its arrays, found none: no such job has begun/)
  writeFileSync(slurmPlaces(plan).reportLog, 'no sbatch here\n')
  assert.equal((await recurlab(['sweep', 'logs', plan.dir, 'report'])).stdout, '==> report\nno sbatch here\n')
  await recurlab(['sweep', 'cancel', plan.dir])
  assert.equal((await advance()).stdout, 'The sweep is cancelled: nothing is decided.\n')
  const plain = await recurlab(['sweep', 'advance', (await planned('plain', 1)).dir])
  assert.equal(plain.code, 2)
  assert.match(plain.stderr, /expected successive halving, halving=F, found none/)
})

test('options of a submission are checked by name before anything is planned', async () => {
  const refused: [unknown, RegExp][] = [
    [{ partitoin: 'a' }, /key partitoin: expected a key of a submission to Slurm.*Did you mean partition\?/],
    [{ cpus: 0 }, /key cpus: expected at least 1 \(Cores of a task.*found 0/],
    [{ time: 'a\nb' }, /key time: expected/],
    [
      { sbatch: { array: '0-3' } },
      /sbatch: expected an option that the script does not set itself, found array\. Use width\./,
    ],
    [{ sbatch: ['--output=x'] }, /does not set itself, found output\. Leave it out\./],
    [{ sbatch: ['-p main'] }, /expected a list of words such as --mail-type=END, found "-p main"/],
    [{ sbatch: { 'a b': 1 } }, /expected the name of an option of sbatch.*found "a b"/],
    [{ partition: 'a', sbatch: { partition: 'b' } }, /expected partition once, found it twice/],
  ]
  for (const [options, expected] of refused)
    assert.throws(() => resolveSlurm(options as SlurmOptions), expected, JSON.stringify(options))
  const resultsDir = path.join(folder, 'nothing')
  const on = 'slurm' as const
  await assert.rejects(sweep(base, { seed: [0] }, data(), { resultsDir, on, slurm: { cpus: -1 } }), /key cpus/)
  await assert.rejects(
    sweep(base, { seed: [0] }, data(), { resultsDir, slurm: {} }),
    /'slurm' beside the options of Slurm/,
  )
  await assert.rejects(
    sweep(base, { seed: [0] }, data(), { resultsDir, on, metrics: { zero: () => 0 } }),
    /expected functions, metrics and tasks of a file, found some of this process.*recurlab sweep FILE\.ts --on slurm/,
  )
  assert.equal(existsSync(resultsDir), false)
})

test('the command submits a preset with its options, and refuses them without --on slurm', async () => {
  willing()
  const out = path.join(folder, 'command')
  const words = ['sweep', 'sudoku-pocket', 'seed=0..1', 'trainSteps=20', `out=${out}`]
  const stray = await recurlab([...words, 'partition=cpu'])
  assert.equal(stray.code, 2)
  assert.match(stray.stderr, /expected --on slurm beside partition=, found none/)
  const { code, stdout, stderr } = await recurlab([
    ...words,
    ...['--on', 'slurm', 'partition=cpu', 'width=1', 'sbatch.mail-type=END', 'sbatch.exclusive=true', '--json'],
  ])
  assert.equal(code, 0, stderr)
  const { plan, job, script } = JSON.parse(stdout)
  assert.deepEqual(job.runs, [0, 1])
  const text = readFileSync(script, 'utf8')
  for (const line of ['partition=cpu', 'array=0-1%1', 'mail-type=END', 'exclusive'])
    assert.ok(text.includes(`--${line}\n`), line)
  mkdirSync(slurmPlaces({ dir: plan }).logs, { recursive: true })
  writeFileSync(logOf({ dir: plan }, 1), 'a\nb\nc\n')
  const logs = await recurlab(['sweep', 'logs', plan, '1', 'lines=2'])
  assert.match(logs.stdout, /^==> 1 \S+\nb\nc\n$/)
  const none = await recurlab(['sweep', 'logs', plan, '0'])
  assert.equal(none.code, 2)
  assert.match(none.stderr, /expected a log of its tasks, found none/)
  const resumed = await recurlab(['sweep', 'resume', plan, '--on', 'slurm', 'width=3'])
  assert.equal(resumed.code, 0, resumed.stderr)
  assert.match(resumed.stdout, /2 runs: 2 missing\nSubmitted 2 runs as job 72; then job 73 makes tables and figures\./)
  assert.match(readFileSync(script, 'utf8'), /^#SBATCH --array=0-1%3$/m)
  await recurlab(['sweep', 'work', plan, 'run=1', 'failed=no more memory'])
  const retried = await recurlab(['sweep', 'retry', plan])
  assert.match(retried.stdout, /To continue: npx recurlab sweep resume \S+ --on slurm\n/)
  const report = await recurlab(['sweep', 'report', plan, `to=${path.join(folder, 'report')}`])
  assert.equal(report.code, 0, report.stderr)
  assert.match(readFileSync(path.join(folder, 'report', 'index.html'), 'utf8'), /2 runs: 2 missing/)
})

test('cluster doctor says what a node lacks', async () => {
  const resultsDir = path.join(folder, 'doctor')
  const rows = await examineNode({}, resultsDir, async () => 'host=n1\ncores=8\nglibc=glibc 2.17\nprocessor=Old\n')
  const missing = rows.filter(({ ok }) => !ok)
  assert.deepEqual(
    missing.map(({ name, needed }) => [name, needed]),
    [
      ['shared folder', true],
      ['checkout', true],
      ['Node', true],
      ['C library', false],
    ],
  )
  assert.match(missing[0]!.found, /the node does not see .*doctor/)
  assert.equal(existsSync(resultsDir), false)
  const report = { rows: [], backend: { fast: { units: null, reason: 'no C++ compiler is here' } } }
  const said = `host=n1\nnode=v24\nprogram=yes\n\n${JSON.stringify(report)}`
  const kernels = (await examineNode({}, resultsDir, async () => said)).at(-1)!
  assert.deepEqual([kernels.name, kernels.ok, kernels.needed], ['compiled kernels', false, false])
  assert.equal(isOlder('glibc 2.9', 'glibc 2.36'), true)
  assert.equal(isOlder('glibc 2.36', 'glibc 2.36'), false)
  fake('srun', 'echo "srun: error: Unable to allocate resources: Invalid partition" >&2; exit 1')
  await assert.rejects(
    examineNode({}, resultsDir),
    /^UserError: srun: expected .* found Unable to allocate resources: Invalid/,
  )
})

test('a plan that is longer than an array may be is submitted as several, or not at all', async () => {
  willing()
  fake('scontrol', 'echo "MaxArraySize            = 2"')
  const plan = await planned('long', 5)
  const { job } = await submitSweep(plan)
  assert.deepEqual(job!.arrays, [
    { id: '70', offset: 0 },
    { id: '71', offset: 2 },
    { id: '72', offset: 4 },
  ])
  assert.ok(called().some((line) => line.includes('--dependency=afterany:70:71:72')))
  const second = readFileSync(slurmPlaces(plan).arrayScript(2), 'utf8')
  assert.match(second, /^#SBATCH --array=0-1$/m)
  assert.match(second, /^RUN=\$\(\(2 \+ SLURM_ARRAY_TASK_ID\)\)$/m)
  fake('squeue', "echo '80|72|0|RUNNING|None|(null)'")
  assert.deepEqual(
    (await queuedTasks(plan))!.map(({ run }) => run),
    [4],
  )
  fake('sbatch', 'case "$*" in *array-2*) echo "sbatch: error: too many" >&2; exit 1;; esac; echo 90')
  fake('scancel', 'exit 0')
  await assert.rejects(submitSweep(plan), /too many/)
  assert.ok(called().includes('scancel 90'))
  assert.equal(storedJobs(plan).length, 1)
  assert.deepEqual(
    [...arraysOf([0, 3, 1001], 1001)],
    [
      [0, [0, 3]],
      [1001, [1001]],
    ],
  )
})

test('whole numbers are written as Slurm lists tasks', () => {
  assert.equal(ranges([0, 1, 2, 5, 7, 8]), '0-2,5,7-8')
  assert.equal(ranges([4]), '4')
})
