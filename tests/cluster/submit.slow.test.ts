import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { examineNode, isOlder } from '../../lib/experiment/slurm/doctor.js'
import { queuedTasks, queueText, storedJobs } from '../../lib/experiment/slurm/jobs.js'
import { resolveSlurm, type SlurmOptions } from '../../lib/experiment/slurm/options.js'
import { logOf, slurmPlaces } from '../../lib/experiment/slurm/places.js'
import { arrayScript, ranges } from '../../lib/experiment/slurm/script.js'
import { arraysOf, cancelTasks, submissionText, submitSweep } from '../../lib/experiment/slurm/submit.js'
import { isCancelled } from '../../lib/experiment/sweep/cancel.js'
import { statusesOf } from '../../lib/experiment/sweep/coverage.js'
import type { SweepPlan } from '../../lib/experiment/sweep/plan.js'
import { planSweep } from '../../lib/experiment/sweep/plan-sweep.js'
import { type Dataset, sudoku, sweep } from '../../lib/index.js'
import { recurlab } from '../recurlab.js'

const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-submit-'))
const programs = path.join(folder, 'bin')
const calls = path.join(folder, 'calls')
const PATH = process.env.PATH
let data: Dataset
before(async () => {
  mkdirSync(programs)
  // A shell has to be found; the commands of a Slurm that is installed here must not be.
  process.env.PATH = `${programs}:/bin`
  for (const name of ['sbatch', 'squeue', 'scancel', 'scontrol', 'srun'])
    if (existsSync(path.join('/bin', name))) fake(name, 'exit 1')
  data = await sudoku({ box: [2, 2], clues: 6, train: 30, test: 10, seed: 3 })
})
beforeEach(() => writeFileSync(calls, ''))
after(() => {
  process.env.PATH = PATH
  rmSync(folder, { recursive: true, force: true })
})

/** Makes a program that notes how it is called and does what a shell says. */
function fake(name: string, does: string): void {
  const file = path.join(programs, name)
  writeFileSync(file, `#!/bin/sh\necho "${name} $*" >>'${calls}'\n${does}\n`)
  chmodSync(file, 0o755)
}
const called = (): string[] => readFileSync(calls, 'utf8').trim().split('\n').filter(Boolean)

/** Takes every job, and numbers them from 70. */
function willing(): void {
  const count = path.join(folder, 'count')
  writeFileSync(count, '69')
  fake('sbatch', `n=$(($(cat '${count}') + 1)); echo $n >'${count}'; echo $n`)
  fake('squeue', 'exit 0')
  fake('scancel', 'exit 0')
}

const base = { hidden: 16, T: 1, n: 1, K: 2, batch: 8, trainSteps: 20, evalBatch: 10 }

async function planned(name: string, seeds: number): Promise<SweepPlan> {
  const grid = { seed: Array.from({ length: seeds }, (_, i) => i) }
  const { plan, store } = await planSweep(base, grid, data, { resultsDir: path.join(folder, name) })
  store()
  return plan
}

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
  await assert.rejects(sweep(base, { seed: [0] }, data, { resultsDir, on, slurm: { cpus: -1 } }), /key cpus/)
  await assert.rejects(sweep(base, { seed: [0] }, data, { resultsDir, on, halving: {} }), /no successive halving/)
  await assert.rejects(
    sweep(base, { seed: [0] }, data, { resultsDir, slurm: {} }),
    /'slurm' beside the options of Slurm/,
  )
  await assert.rejects(
    sweep(base, { seed: [0] }, data, { resultsDir, on, metrics: { zero: () => 0 } }),
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

/** Runs the script of an array as Slurm would its task 0, with a program in the place of `recurlab sweep work`. */
async function task(
  plan: SweepPlan,
  work: string,
  {
    signal,
    env = {},
    change = (text) => text,
  }: { signal?: NodeJS.Signals; env?: object; change?: (text: string) => string } = {},
): Promise<{ code: number | null; log: string }> {
  const [program, script] = [path.join(folder, 'work.sh'), path.join(folder, 'task.sh')]
  writeFileSync(program, work)
  const text = arrayScript(plan, [0], resolveSlurm({ requeues: 5 }))
  writeFileSync(
    script,
    change(text.replace(/^NODE=.*$/m, 'NODE=/bin/sh').replace(/^RECURLAB=.*$/m, `RECURLAB=${program}`)),
  )
  mkdirSync(slurmPlaces(plan).logs, { recursive: true })
  rmSync(logOf(plan, 0), { force: true })
  const names = { SLURM_ARRAY_TASK_ID: '0', SLURM_JOB_ID: '5', SLURM_ARRAY_JOB_ID: '5', SLURM_CPUS_PER_TASK: '3' }
  const child = execFile('/bin/bash', [script], { env: { ...process.env, ...names, ...env } })
  const log = (): string => (existsSync(logOf(plan, 0)) ? readFileSync(logOf(plan, 0), 'utf8') : '')
  if (signal) while (!log().includes('at work')) await new Promise((resolve) => setTimeout(resolve, 20))
  if (signal) child.kill(signal)
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, log: log() }
}

const SAVES = 'trap "echo saved; exit 75" TERM\necho at work with $RECURLAB_THREADS\nwhile :; do sleep 0.05; done\n'

test('a task hands the warning on, waits until the run is saved, and requeues itself', async () => {
  fake('scontrol', 'exit 0')
  const plan = await planned('task', 1)
  const { code, log } = await task(plan, SAVES, { signal: 'SIGUSR1' })
  assert.equal(code, 75)
  assert.match(log, /at work with 3\nsaved\n.*stopped before the time limit; requeued/)
  assert.deepEqual(called(), ['scontrol requeue 5'])
  // A run that was not yet able to save loses nothing.
  const early = await task(plan, 'echo at work\nexec sleep 10\n', { signal: 'SIGUSR1' })
  assert.equal(early.code, 143)
  assert.equal(called().length, 2)
  const failing = await task(plan, 'trap "exit 1" TERM\necho at work\nwhile :; do sleep 0.05; done\n', {
    signal: 'SIGUSR1',
  })
  assert.match(failing.log, /failed with exit code 1/)
  assert.equal(called().length, 2)
})

test('a task that Slurm ends, or whose sweep is cancelled, or that failed, does not requeue itself', async () => {
  fake('scontrol', 'exit 0')
  const plan = await planned('ended', 1)
  const ended = await task(plan, SAVES, { signal: 'SIGTERM' })
  assert.equal(ended.code, 75)
  assert.match(ended.log, /saved\n.*ended by Slurm with exit code 75/)
  assert.equal((await task(plan, 'exit 1')).code, 1)
  assert.equal((await task(plan, 'exit 0')).code, 0)
  const restarted = await task(plan, 'exit 75', { env: { SLURM_RESTART_COUNT: '5' } })
  assert.match(restarted.log, /stopped and saved; not requeued, as it was 5 times/)
  writeFileSync(path.join(plan.dir, 'cancelled.json'), '{}')
  const cancelled = await task(plan, 'exit 75')
  assert.match(cancelled.log, /stopped and saved; the sweep is cancelled/)
  assert.deepEqual(called(), [])
})

test('a task whose process is killed is started again, twice, and then counts as failed', async () => {
  fake('scontrol', 'exit 0')
  const plan = await planned('killed', 1)
  for (const restarts of [1, 2]) {
    const { log, code } = await task(plan, 'kill -9 $$')
    assert.equal(code, 137)
    assert.match(log, /killed by signal 9; requeued/)
    assert.equal(called().length, restarts)
  }
  const { log } = await task(plan, 'case "$*" in *failed=*) echo "$5";; *) kill -9 $$;; esac')
  assert.match(log, /killed by signal 9, 3 times: not requeued\nfailed=its process was killed by signal 9, 3 times\n/)
  const { code, stderr } = await recurlab(['sweep', 'work', plan.dir, 'run=0', 'failed=no more memory'])
  assert.equal(code, 1, stderr)
  const [status] = statusesOf(plan)
  assert.deepEqual([status!.state, status!.message], ['failed', 'no more memory'])
  assert.equal(called().length, 2)
})

test('a task on a node without the shared folder is put on hold with the reason', async () => {
  fake('scontrol', 'exit 0')
  const plan = await planned('unseen', 1)
  const { code } = await task(plan, 'exit 0', { change: (text) => text.replace(/^PLAN=.*$/m, 'PLAN=/nowhere/plan') })
  assert.equal(code, 1)
  const [comment, hold] = called()
  assert.match(comment!, /^scontrol update JobId=5 Comment=node \S+ does not see \/nowhere\/plan\/plan\.json$/)
  assert.equal(hold, 'scontrol requeuehold 5')
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
