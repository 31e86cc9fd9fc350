import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { resolveSlurm } from '../../lib/experiment/slurm/options.js'
import { logOf, slurmPlaces } from '../../lib/experiment/slurm/places.js'
import { arrayScript } from '../../lib/experiment/slurm/script.js'
import { statusesOf } from '../../lib/experiment/sweep/coverage.js'
import type { SweepPlan } from '../../lib/experiment/sweep/plan.js'
import { recurlab } from '../recurlab.js'
import { fakeSlurm } from './fake-slurm.js'

const { folder, fake, called, planned } = fakeSlurm()

interface TaskOptions {
  /** Comes when the work says that it is at work. */
  readonly signal?: NodeJS.Signals
  /** Comes when the work says that it saves. */
  readonly second?: NodeJS.Signals
  /** Default: 120 */
  readonly warnSeconds?: number
  readonly env?: object
  readonly change?: (text: string) => string
}

/** Runs the script of an array as Slurm would its task 0, with a program in the place of `recurlab sweep work`. */
async function task(
  plan: SweepPlan,
  work: string,
  { signal, second, warnSeconds = 120, env = {}, change = (text) => text }: TaskOptions = {},
): Promise<{ code: number | null; log: string }> {
  const [program, script] = [path.join(folder, 'work.sh'), path.join(folder, 'task.sh')]
  writeFileSync(program, work)
  const text = arrayScript(plan, [0], resolveSlurm({ requeues: 5, warnSeconds }))
  writeFileSync(
    script,
    change(text.replace(/^NODE=.*$/m, 'NODE=/bin/sh').replace(/^RECURLAB=.*$/m, `RECURLAB=${program}`)),
  )
  mkdirSync(slurmPlaces(plan).logs, { recursive: true })
  rmSync(logOf(plan, 0), { force: true })
  const names = { SLURM_ARRAY_TASK_ID: '0', SLURM_JOB_ID: '5', SLURM_ARRAY_JOB_ID: '5', SLURM_CPUS_PER_TASK: '3' }
  const child = execFile('/bin/bash', [script], { env: { ...process.env, ...names, ...env } })
  const log = (): string => (existsSync(logOf(plan, 0)) ? readFileSync(logOf(plan, 0), 'utf8') : '')
  const said = async (words: string): Promise<void> => {
    while (!log().includes(words)) await new Promise((resolve) => setTimeout(resolve, 20))
  }
  if (signal) {
    await said('at work')
    child.kill(signal)
  }
  if (second) {
    await said('saving')
    child.kill(second)
  }
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
  assert.deepEqual(called(), ['scontrol requeue 5_0'])
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

/** Saves for two seconds, and takes no second request to. */
const SAVES_LONG = `trap "trap 'echo asked twice' TERM; echo saving; sleep 2; echo saved; exit 75" TERM
echo at work
while :; do sleep 0.05; done
`

test('a task that is cancelled while it saves after the warning does not requeue itself; at the time limit it does', async () => {
  fake('scontrol', 'exit 0')
  const plan = await planned('cancelled', 1)
  const cancelled = await task(plan, SAVES_LONG, { signal: 'SIGUSR1', second: 'SIGTERM' })
  assert.equal(cancelled.code, 75)
  assert.match(cancelled.log, /at work\nsaving\nsaved\n.*ended by Slurm with exit code 75/)
  assert.deepEqual(called(), [])
  // The other order: the warning does not undo the end.
  const ended = await task(plan, SAVES_LONG, { signal: 'SIGTERM', second: 'SIGUSR1' })
  assert.match(ended.log, /saving\nsaved\n.*ended by Slurm with exit code 75/)
  assert.deepEqual(called(), [])
  const work = SAVES_LONG.replace('echo saving;', 'sleep 1.2; echo saving;')
  const limited = await task(plan, work, { signal: 'SIGUSR1', second: 'SIGTERM', warnSeconds: 1 })
  assert.match(limited.log, /saving\nsaved\n.*stopped before the time limit; requeued/)
  assert.deepEqual(called(), ['scontrol requeue 5_0'])
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
  assert.match(comment!, /^scontrol update JobId=5_0 Comment=node \S+ does not see \/nowhere\/plan\/plan\.json$/)
  assert.equal(hold, 'scontrol requeuehold 5_0')
})
