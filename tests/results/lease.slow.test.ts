import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { fileOperations } from '../../lib/files/operations.js'
import { isRunning, thisProcess } from '../../lib/files/owner.js'
import { takeLease } from '../../lib/results/lease.js'
import { listRuns, openRun, resumeRun, saveCheckpoint } from '../../lib/results/run.js'
import { withFailure } from '../files/failing.js'
import { checkpointAt, newRun, setOwner, temporaryFolder } from './fixture.js'

const results = temporaryFolder()
const ELSEWHERE = { host: 'another', space: 'another', pid: 4 }
let script = ''
before(() => {
  // One bundled file starts five times as fast as TypeScript through tsx.
  script = path.join(results, 'child.mjs')
  const entry = fileURLToPath(new URL('lease-child.ts', import.meta.url))
  buildSync({ entryPoints: [entry], outfile: script, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' })
})
const children: ChildProcess[] = []
after(() => {
  for (const child of children) child.kill('SIGKILL')
})

function start(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  return child
}

function leasesIn(dir: string): string[] {
  return readdirSync(dir).filter((name) => name.includes('lease'))
}

test('killed twenty times while it takes a run and gives it back, the run can be taken at once', {
  timeout: 300_000,
}, async () => {
  const folder = temporaryFolder()
  newRun(folder).finish('interrupted')
  for (let kill = 0; kill < 20; kill++) {
    const child = start('again', folder)
    await once(child.stdout!, 'data')
    await new Promise((resolve) => setTimeout(resolve, (kill * 7.3) % 40))
    child.kill('SIGKILL')
    await once(child, 'exit')
    const [run, ...more] = listRuns(folder).runs
    assert.equal(more.length, 0)
    assert.equal(run?.state, 'interrupted')
    resumeRun(run, 0).finish('interrupted')
    assert.deepEqual(leasesIn(run.dir), [], 'nothing is left behind')
  }
})

test('a run is given back when it has ended, and only then', () => {
  const run = newRun(results)
  assert.deepEqual(leasesIn(run.dir), ['lease-000001.json'])
  run.finish('finished')
  assert.deepEqual(leasesIn(run.dir), [])
})

test('a run that comes to its end while it is looked at is finished, not interrupted', () => {
  const run = newRun(results)
  const real = fileOperations.readdirSync
  fileOperations.readdirSync = ((...args: Parameters<typeof real>) => {
    fileOperations.readdirSync = real
    run.finish('finished')
    return real(...args)
  }) as typeof real
  try {
    assert.equal(openRun(run.dir).state, 'finished')
  } finally {
    fileOperations.readdirSync = real
  }
})

test('a run is given back although the full disk takes no note of its end; what others have by then is left alone', () => {
  const run = newRun(results)
  const real = fileOperations.writeSync
  fileOperations.writeSync = () => {
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  }
  try {
    run.finish('failed', 'why')
  } finally {
    fileOperations.writeSync = real
  }
  assert.deepEqual(leasesIn(run.dir), [])
  assert.equal(openRun(run.dir).state, 'interrupted')
  const second = resumeRun(openRun(run.dir), 0)
  run.finish('failed', 'too late')
  assert.equal(openRun(run.dir).state, 'running')
  assert.throws(() => run.finish('interrupted'), /another process has taken over in the meantime/)
  second.finish('finished')
})

test('a run that cannot keep the differences of its new code is given back, and goes on later with them', () => {
  const run = newRun(results)
  run.finish('interrupted')
  const codeDiff = '--- a\n+++ b\n'
  const real = fileOperations.openSync
  fileOperations.openSync = (...args) => {
    if (String(args[0]).includes('code-from-')) throw Object.assign(new Error('ENOSPC: full'), { code: 'ENOSPC' })
    return real(...args)
  }
  try {
    assert.throws(() => resumeRun(openRun(run.dir), 0, {}, { codeDiff }), { name: 'UserError' })
  } finally {
    fileOperations.openSync = real
  }
  assert.equal(openRun(run.dir).state, 'interrupted')
  assert.deepEqual(leasesIn(run.dir), [])
  resumeRun(openRun(run.dir), 0, {}, { codeDiff }).finish('interrupted')
  assert.equal(readFileSync(path.join(run.dir, 'code-from-0.diff'), 'utf8'), codeDiff)
})

test('a lease that another process takes under the name of a dead one is not passed over', () => {
  const run = newRun(results)
  setOwner(run.dir, { pid: 2 ** 22 + 1 })
  const real = fileOperations.linkSync
  fileOperations.linkSync = (...args) => {
    fileOperations.linkSync = real
    setOwner(run.dir, ELSEWHERE)
    real(...args)
  }
  try {
    assert.throws(() => takeLease(run.dir), /process 4 is writing on another machine/)
  } finally {
    fileOperations.linkSync = real
  }
  assert.deepEqual(leasesIn(run.dir), ['lease-000001.json'])
})

test('a process elsewhere is believed to be at work until it has been silent for long', () => {
  const run = newRun(results)
  setOwner(run.dir, ELSEWHERE, 200)
  assert.equal(openRun(run.dir).state, 'running')
  assert.throws(() => resumeRun(openRun(run.dir), 0), {
    name: 'UserError',
    message: /process 4 is writing on another machine, last heartbeat 200 s ago\. Wait .* 300 s, or, .* --force/,
  })
  setOwner(run.dir, ELSEWHERE, 301)
  assert.equal(openRun(run.dir).state, 'interrupted')
  resumeRun(openRun(run.dir), 0).finish('interrupted')
})

for (const [hours, jump] of [
  [10, 'forward'],
  [-10, 'back'],
] as const)
  test(`a clock that jumps ${jump} takes no run from a process elsewhere that is alive, and waits for no dead one`, async () => {
    const run = newRun(results)
    setOwner(run.dir, ELSEWHERE, 3600 * hours)
    // Its heartbeats are dated by a clock that is hours away from this one.
    const file = path.join(run.dir, 'lease-000001.json')
    const beating = spawn('sh', ['-c', `while touch -d "${-hours} hours" ${file}; do sleep 0.5; done`])
    children.push(beating)
    assert.throws(() => resumeRun(openRun(run.dir), 0), /process 4 is writing on another machine/)
    beating.kill('SIGKILL')
    await once(beating, 'close')
    resumeRun(openRun(run.dir), 0).finish('interrupted')
    assert.deepEqual(leasesIn(run.dir), [])
  })

test('a lease of another format version, or of none, is named as such, and is taken when it is silent or by force', () => {
  for (const [version, named] of [
    [99, '99'],
    [undefined, 'none'],
  ] as const) {
    const run = newRun(results)
    const file = path.join(run.dir, 'lease-000001.json')
    const { formatVersion, ...owner } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
    assert.equal(formatVersion, 2)
    writeFileSync(file, JSON.stringify({ ...owner, formatVersion: version }))
    assert.equal(openRun(run.dir).state, 'running')
    assert.throws(() => resumeRun(openRun(run.dir), 0), {
      name: 'UserError',
      message: new RegExp(
        `another version of Recurlab is writing: lease-000001.json has format version ${named}, not 2, last heartbeat \\d s ago\\. Wait .* --force`,
      ),
    })
    resumeRun(openRun(run.dir), 0, {}, { force: true }).finish('interrupted')
  }
})

test('force takes a run from another machine, never from a process that is seen to work here', () => {
  const run = newRun(results)
  setOwner(run.dir, ELSEWHERE, 0)
  resumeRun(openRun(run.dir), 0, {}, { force: true }).finish('interrupted')
  const other = newRun(results)
  setOwner(other.dir, { pid: 1, began: '' })
  assert.throws(() => resumeRun(openRun(other.dir), 0, {}, { force: true }), /process 1 is writing\. Wait/)
})

test('a killed process that its parent never asked for does not keep its run', {
  skip: process.platform !== 'linux',
}, async () => {
  const parent = spawn('sh', ['-c', 'sleep 100 & echo $!; exec sleep 100'], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(parent)
  const [line] = (await once(parent.stdout, 'data')) as [Buffer]
  const pid = Number(line)
  assert.ok(isRunning({ ...thisProcess(), pid, began: '' }))
  process.kill(pid, 'SIGKILL')
  const state = (): string => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.slice(0, 1)
  for (let tries = 0; state() !== 'Z' && tries < 3000; tries++) await sleep(20)
  assert.equal(state(), 'Z')
  assert.ok(!isRunning({ ...thisProcess(), pid, began: '' }))
})

test('a machine that was named anew is the same machine', { skip: process.platform !== 'linux' }, () => {
  const run = newRun(results)
  setOwner(run.dir, { host: 'old name', pid: 2 ** 22 + 1 })
  assert.equal(openRun(run.dir).state, 'interrupted')
})

test('a process that finds its run taken over stops before it writes anything', () => {
  const run = newRun(results)
  run.logMetrics({ step: 1, 'train.loss': 1 })
  setOwner(run.dir, ELSEWHERE, 301)
  const second = resumeRun(openRun(run.dir), 0)
  saveCheckpoint(second, checkpointAt(5))
  assert.throws(() => run.flush(), { name: 'UserError', message: /another process has taken over in the meantime/ })
  assert.throws(() => saveCheckpoint(run, checkpointAt(1)), /taken over/)
  second.finish('finished')
  assert.equal(openRun(run.dir).status.checkpoint, 5)
})

test('the lease is renewed while the process is busy', { timeout: 300_000 }, async () => {
  process.env.RECURLAB_LEASE_SECONDS = '1'
  try {
    const { dir } = newRun(results)
    const file = path.join(dir, 'lease-000001.json')
    const old = new Date(Date.now() - 60_000)
    utimesSync(file, old, old)
    const beats = (): boolean => statSync(file).mtimeMs > old.getTime() + 1000
    for (let i = 0; i < 600 && !beats(); i++) await new Promise((resolve) => setTimeout(resolve, 100))
    assert.ok(beats(), 'by itself')
    await new Promise((resolve) => setTimeout(resolve, 1000))
    utimesSync(file, old, old)
    for (const end = Date.now() + 60_000; Date.now() < end && !beats(); );
    assert.ok(beats(), 'while nothing else runs')
  } finally {
    delete process.env.RECURLAB_LEASE_SECONDS
  }
})

test('whichever file operation fails while a lease is taken, it is one clear error and the run can be taken later', () => {
  const run = newRun(results)
  run.finish('interrupted')
  for (let n = 0; ; n++) {
    const { operations, error } = withFailure(n, 'once', () => takeLease(run.dir).release())
    if (error !== null) assert.equal((error as Error).name, 'UserError')
    takeLease(run.dir).release()
    if (operations <= n) break
  }
})

test('a run whose folder was moved or removed ends with that reason, and no folder comes back', () => {
  for (const go of [
    (dir: string) => renameSync(dir, `${dir}-moved`),
    (dir: string) => rmSync(dir, { recursive: true }),
  ]) {
    const folder = temporaryFolder()
    const run = newRun(folder)
    saveCheckpoint(run, checkpointAt(1))
    go(path.join(folder, 'runs'))
    run.logMetrics({ step: 2, 'train.loss': 1 })
    assert.throws(() => saveCheckpoint(run, checkpointAt(2)), {
      name: 'UserError',
      message: /expected the folder of the run that is being written, found none: it was removed or moved/,
    })
    run.finish('failed', 'why')
    assert.equal(existsSync(run.dir), false)
    assert.deepEqual(listRuns(folder), { runs: [], damaged: [] })
  }
})
