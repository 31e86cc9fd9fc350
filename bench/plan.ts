import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { ConfigInput } from '../lib/config/schema.js'
import { Coverage, type PlannedStatus, statusesOf } from '../lib/experiment/sweep/coverage.js'
import { forgetFailure, storeFailure } from '../lib/experiment/sweep/failures.js'
import { listPlans, readPlan, type SweepPlan } from '../lib/experiment/sweep/plan.js'
import { planSweep } from '../lib/experiment/sweep/plan-sweep.js'
import { type Task, waitingTasks } from '../lib/experiment/sweep/queue.js'
import { sha256 } from '../lib/files/atomic.js'
import { jsonText } from '../lib/files/json.js'
import { sealJson } from '../lib/files/sealed-json.js'
import { temporaryFolder } from '../lib/files/temporary.js'
import { Random } from '../lib/random.js'
import { FILES, runsFolder } from '../lib/results/layout.js'
import { leaseText } from '../lib/results/lease-file.js'
import type { RunStatus } from '../lib/results/run.js'
import { FORMAT_VERSION } from '../lib/results/status.js'
import { sudoku } from '../lib/tasks/sudoku/index.js'

/** Options of the bench. */
export interface PlanBenchOptions {
  /** Number of runs. Default 10,000. */
  readonly runs?: number
  /** Number of nodes, each with one run at a time. Default 500. */
  readonly nodes?: number
  /** Seed of durations and failures. Default 0. */
  readonly seed?: number
  readonly onProgress?: (line: string) => void
}

/** Figures of the bench: seconds of the real code, and what happened in the simulation. */
export interface PlanMeasurement {
  readonly runs: number
  readonly nodes: number
  /** Seconds: to check every configuration, find stored runs and make the plan; to write it; to read it. */
  readonly planSeconds: number
  readonly writeSeconds: number
  readonly readSeconds: number
  readonly planBytes: number
  /** Seconds of `sweep status` with half of the runs done: states, table and sentence. */
  readonly statusSeconds: number
  /** Seconds of all searches for waiting runs together, their number, and the longest. */
  readonly queueSeconds: number
  readonly searches: number
  readonly longestSearchSeconds: number
  /** Runs given to nodes; nodes that died at a run; runs that failed and were tried again. */
  readonly claims: number
  readonly deaths: number
  readonly failures: number
  /** Runs that are done in the end, and runs that two nodes ever had at the same time. */
  readonly done: number
  readonly doubled: number
  /** Simulated hours. */
  readonly hours: number
  readonly peakBytes: number
}

/** Chances of a claim: the node dies in the middle; the run fails. */
const DEATH = 0.05
const FAILURE = 0.01

/** Simulated seconds of a run, within a factor of 2, and until a dead node's lease is stale, and the node is back. */
const RUN_SECONDS = 3600
const STALE_SECONDS = 300
const DOWN_SECONDS = 1800

const base: ConfigInput = { hidden: 16, T: 1, n: 1, K: 2, batch: 8, trainSteps: 1000, evalEvery: 500 }

/** Returns the time that work takes in seconds, and its result. */
function timed<T>(work: () => T): [seconds: number, result: T] {
  const started = performance.now()
  const result = work()
  return [(performance.now() - started) / 1000, result]
}

/**
 * Plans a sweep of many runs and lets simulated nodes train it: they claim runs, finish, fail and die at drawn times. The plan,
 * the search for waiting runs, the states and the coverage are the real ones; a run is its `status.json` and its
 * lease, and no process is started.
 */
export async function benchPlan(options: PlanBenchOptions = {}): Promise<PlanMeasurement> {
  const { runs = 10_000, nodes = 500, seed = 0, onProgress = () => {} } = options
  const folder = temporaryFolder('bench-plan-')
  try {
    const data = await sudoku({ box: [2, 2], clues: 6, train: 30, test: 10, seed: 3 })
    const seeds = Math.ceil(Math.sqrt(runs))
    const rates = Array.from({ length: Math.ceil(runs / seeds) }, (_, i) => 1e-5 * (i + 1))
    const grid = { lr: rates, seed: Array.from({ length: seeds }, (_, i) => i) }
    const started = performance.now()
    const planned = await planSweep(base, grid, data, { resultsDir: folder })
    const planSeconds = (performance.now() - started) / 1000
    onProgress(`planned ${planned.plan.runs.length} runs in ${planSeconds.toFixed(1)} s`)
    const [writeSeconds] = timed(() => planned.store())
    const [readSeconds, plan] = timed(() => readPlan(listPlans(folder)[0]!, folder))
    onProgress(`written in ${writeSeconds.toFixed(1)} s, read in ${readSeconds.toFixed(1)} s`)
    const planBytes = Buffer.byteLength(jsonText(plan.runs))
    const simulated = new Simulation(plan, nodes, seed, onProgress).run()
    const peakBytes = process.resourceUsage().maxRSS * 1024
    return { runs: plan.runs.length, nodes, planSeconds, writeSeconds, readSeconds, planBytes, ...simulated, peakBytes }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

type Happening =
  | { readonly kind: 'done' | 'failed'; readonly node: number; readonly task: Task }
  | { readonly kind: 'died'; readonly node: number; readonly task: Task }
  | { readonly kind: 'stale'; readonly index: number }
  | { readonly kind: 'back'; readonly node: number }

type Simulated = Omit<
  PlanMeasurement,
  'runs' | 'nodes' | 'planSeconds' | 'writeSeconds' | 'readSeconds' | 'planBytes' | 'peakBytes'
>

/** A discrete-event simulation of nodes that train a plan. */
class Simulation {
  readonly #plan: SweepPlan
  readonly #random: Random
  readonly #onProgress: (line: string) => void
  readonly #free: number[]
  /** Runs at nodes, and runs of dead nodes whose lease is not stale yet. */
  readonly #busy = new Set<number>()
  readonly #done = new Map<number, PlannedStatus>()
  /** Events in the order of their times. */
  #events: { readonly at: number; readonly what: Happening }[] = []
  #now = 0
  #finished = 0
  #counts = { claims: 0, deaths: 0, failures: 0, doubled: 0, searches: 0 }
  #queueSeconds = 0
  #longest = 0

  constructor(plan: SweepPlan, nodes: number, seed: number, onProgress: (line: string) => void) {
    this.#plan = plan
    this.#random = Random.of(seed, 'nodes')
    this.#onProgress = onProgress
    this.#free = Array.from({ length: nodes }, (_, node) => node)
  }

  run(): Simulated {
    let statusSeconds = 0
    for (let retried = true; retried; ) {
      let queue: Task[] = []
      for (;;) {
        if (queue.length === 0 && this.#free.length > 0) queue = this.#search()
        while (this.#free.length > 0 && queue.length > 0) this.#claim(this.#free.pop()!, queue.shift()!)
        const event = this.#events.shift()
        if (!event) break
        this.#now = event.at
        this.#happen(event.what)
        if (statusSeconds === 0 && this.#finished >= this.#plan.runs.length / 2) {
          const [seconds, text] = timed(() => {
            const coverage = new Coverage(this.#plan)
            coverage.table()
            return coverage.text()
          })
          statusSeconds = seconds
          this.#onProgress(`status in ${seconds.toFixed(2)} s: ${text}`)
        }
      }
      retried = this.#retry() > 0
    }
    const coverage = new Coverage(this.#plan, statusesOf(this.#plan))
    this.#onProgress(coverage.text())
    const times = { statusSeconds, queueSeconds: this.#queueSeconds, longestSearchSeconds: this.#longest }
    return { ...this.#counts, ...times, done: coverage.count('done'), hours: this.#now / 3600 }
  }

  /** Lets failed runs go on, as `recurlab sweep retry` does. Returns their number. */
  #retry(): number {
    const failed = statusesOf(this.#plan, this.#done).filter(({ state }) => state === 'failed')
    for (const { index, run } of failed) {
      this.#write(index, 'interrupted', 500, false)
      forgetFailure(this.#plan, run)
    }
    return failed.length
  }

  /** Searches as the pool of a sweep does when it has given away all that it knew of. */
  #search(): Task[] {
    const [seconds, tasks] = timed(() => waitingTasks(this.#plan, this.#busy, new Set(), this.#done))
    this.#queueSeconds += seconds
    this.#longest = Math.max(this.#longest, seconds)
    this.#counts.searches++
    return tasks
  }

  #claim(node: number, task: Task): void {
    if (this.#busy.has(task.index)) this.#counts.doubled++
    this.#busy.add(task.index)
    this.#counts.claims++
    this.#write(task.index, 'running', 0, true)
    const seconds = RUN_SECONDS * (0.5 + this.#random.float() * 1.5)
    const chance = this.#random.float()
    const kind = chance < DEATH ? 'died' : chance < DEATH + FAILURE ? 'failed' : 'done'
    this.#at(this.#now + (kind === 'done' ? seconds : seconds * this.#random.float()), { kind, node, task })
  }

  #happen(what: Happening): void {
    if (what.kind === 'back') this.#free.push(what.node)
    else if (what.kind === 'stale') {
      this.#write(what.index, 'running', 500, false)
      this.#busy.delete(what.index)
    } else if (what.kind === 'died') {
      this.#counts.deaths++
      this.#at(this.#now + STALE_SECONDS, { kind: 'stale', index: what.task.index })
      this.#at(this.#now + DOWN_SECONDS, { kind: 'back', node: what.node })
    } else {
      const { index } = what.task
      const isDone = what.kind === 'done'
      if (isDone) this.#finished++
      this.#write(index, isDone ? 'finished' : 'failed', isDone ? this.#plan.runs[index]!.trainSteps : 500, false)
      if (!isDone) {
        this.#counts.failures++
        storeFailure(this.#plan, this.#plan.runs[index]!.run, 'the loss is NaN')
      }
      this.#busy.delete(index)
      this.#free.push(what.node)
    }
  }

  #at(at: number, what: Happening): void {
    let [low, high] = [0, this.#events.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#events[middle]!.at <= at) low = middle + 1
      else high = middle
    }
    this.#events.splice(low, 0, { at, what })
  }

  /** Writes a run's `status.json` and the lease of another machine, fresh or stale. */
  #write(index: number, state: RunStatus['state'], step: number, isAtWork: boolean): void {
    const { run, trainSteps } = this.#plan.runs[index]!
    const dir = path.join(runsFolder(this.#plan.resultsDir), run)
    mkdirSync(dir, { recursive: true })
    const time = new Date(0).toISOString()
    const checksum = '0'.repeat(64)
    const provenance = jsonText({ run })
    writeFileSync(path.join(dir, FILES.provenance), provenance)
    const table = [{ bytes: 0, checksum }]
    const files: RunStatus['files'] = {
      [FILES.config]: [checksum],
      [FILES.provenance]: [sha256(provenance)],
      [FILES.metrics]: table,
      [FILES.evaluations]: table,
    }
    const status: RunStatus = {
      ...{ formatVersion: FORMAT_VERSION, state, step, trainSteps, parameters: 1, checkpoint: step },
      ...{ checkpoints: [{ step, checksum }], ended: state === 'finished' ? 'trainSteps' : null },
      ...{ started: time, updated: time, message: state === 'failed' ? 'the loss is NaN' : null, files, diffs: {} },
    }
    writeFileSync(path.join(dir, FILES.status), jsonText(sealJson(status, ['state'])))
    const lease = path.join(dir, 'lease-000001.json')
    if (isAtWork || state === 'running')
      writeFileSync(lease, leaseText({ host: '0'.repeat(12), space: 'elsewhere', pid: 1, began: '' }))
    else rmSync(lease, { force: true })
    if (!isAtWork && state === 'running') utimesSync(lease, 0, 0)
  }
}
