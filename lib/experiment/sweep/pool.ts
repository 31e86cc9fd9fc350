import type { ChildProcess } from 'node:child_process'
import { UserError } from '../../errors.js'
import type { Estimate } from '../estimate/memory.js'
import type { RunWork } from '../estimate/work.js'
import type { RunObserver } from '../run/observer.js'
import { onForcedStop } from '../run/stop.js'
import { whenCancelled } from './cancel.js'
import { type PlannedStatus, statusReader } from './coverage.js'
import { failedText, storeFailure } from './failures.js'
import type { FromWorker, ToWorker } from './messages.js'
import type { SweepPlan } from './plan.js'
import { type Task, waitingTasks } from './queue.js'
import { startWorker } from './worker-process.js'

/** How the runs of a plan are shared among processes, and who watches them. */
export interface PoolOptions {
  /** Number of processes. */
  readonly workers: number
  /** Threads of each. */
  readonly threads: number
  /** The work of each run, by index. */
  readonly works: readonly RunWork[]
  /** The memory of each run, by index. Default: workers estimate it, unless the plan forbids that. */
  readonly estimates?: readonly (Estimate | null)[]
  readonly signal?: AbortSignal | undefined
  /** Returns the observer of a run, by its index in the plan. */
  observer(index: number): RunObserver
  /** Called with a sentence for the user. */
  note(text: string): void
  /** Called when a worker begins with a run; for tests and displays. */
  onWorker?(index: number, process: ChildProcess): void
}

/** Deaths of a worker at one run, without a step saved in between, after which the run has failed. */
const MOST_DEATHS = 3

/** A possible cause of death of a process that was killed without a message. */
const LACK_OF_MEMORY =
  'The system kills a process so when memory is short: fewer workers, or a smaller microBatch, batch, evalBatch or hidden, need less.'

/** Deaths of workers before their first run after which the sweep fails. */
const MOST_STILLBORN = 3

/** Characters of a worker's errors that are kept for a message. */
const KEPT_TEXT = 2000

interface Worker {
  readonly process: ChildProcess
  task: Task | null
  /** The end of what it wrote on standard error. */
  said: string
  ready: boolean
}

/**
 * Trains the unfinished runs of a plan in worker processes. A worker that dies is replaced, and its run goes on from the last
 * checkpoint; a run that fails does not stop the others. Resolves when no run is left, or all workers have saved and ended
 * after a stop.
 *
 * @throws UserError when workers die before they can train, or the folder of the plan cannot be written.
 */
export async function runPool(plan: SweepPlan, options: PoolOptions): Promise<void> {
  await new Pool(plan, options).run()
}

class Pool {
  readonly #plan: SweepPlan
  readonly #options: PoolOptions
  readonly #workers = new Set<Worker>()
  readonly #deaths = new Map<number, { count: number; step: number }>()
  /** Runs that another process works on, or that failed: they are not taken again. */
  readonly #passedOver = new Set<number>()
  readonly #done = new Map<number, PlannedStatus>()
  #queue: Task[] = []
  #stillborn = 0
  #stopping = false
  #fatal: unknown = null

  constructor(plan: SweepPlan, options: PoolOptions) {
    this.#plan = plan
    this.#options = options
  }

  async run(): Promise<void> {
    const { signal, workers } = this.#options
    const stop = (): void => this.#stop()
    signal?.addEventListener('abort', stop)
    const ended = whenCancelled(this.#plan, () => {
      this.#options.note('the sweep was cancelled: its runs are saved and stopped')
      stop()
    })
    const release = onForcedStop(() => {
      for (const { process } of this.#workers) if (process.connected) process.disconnect()
    })
    if (signal?.aborted) this.#stopping = true
    try {
      await new Promise<void>((resolve) => {
        const next = (): void =>
          this.#orStop(() => {
            if (!this.#stopping && this.#queue.length === 0) this.#queue = this.#waiting()
            const busy = [...this.#workers].filter((worker) => worker.task || !worker.ready).length
            const wanted = this.#stopping ? 0 : Math.min(workers, busy + this.#queue.length)
            while (this.#workers.size < wanted) this.#start(next)
            for (const worker of this.#workers) {
              if (!worker.ready || worker.task) continue
              const task = this.#stopping ? undefined : this.#queue.shift()
              // With nothing to do now, a worker stays for runs of others that may come back.
              if (task) this.#give(worker, task)
              else if (this.#stopping || busy === 0) send(worker, { kind: 'stop' })
            }
            if (this.#workers.size === 0 && (this.#stopping || this.#queue.length === 0)) resolve()
          })
        next()
        // Without a worker nothing else ends the wait.
        if (this.#workers.size === 0) resolve()
      })
    } finally {
      ended()
      release()
      signal?.removeEventListener('abort', stop)
    }
    if (this.#fatal) throw this.#fatal
  }

  /** Returns the runs that can be trained now. */
  #waiting(): Task[] {
    const busy = new Set([...this.#workers].flatMap(({ task }) => (task ? [task.index] : [])))
    return waitingTasks(this.#plan, busy, this.#passedOver, this.#done)
  }

  #start(next: () => void): void {
    const worker: Worker = {
      process: startWorker(this.#plan, this.#options.threads),
      task: null,
      said: '',
      ready: false,
    }
    this.#workers.add(worker)
    const { process } = worker
    process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      worker.said = (worker.said + text).slice(-KEPT_TEXT)
    })
    process.stdout?.resume()
    process.on('message', (message: FromWorker) => {
      this.#orStop(() => this.#receive(worker, message))
      if (message.kind === 'ready' || message.kind === 'end' || message.kind === 'failed') next()
    })
    process.on('error', (error) => {
      worker.said += error.message
    })
    process.on('close', (code, signal) => {
      this.#workers.delete(worker)
      if (!this.#stopping && (worker.task || !worker.ready))
        this.#orStop(() => this.#died(worker, signal ?? `exit code ${code}`))
      next()
    })
  }

  #give(worker: Worker, task: Task): void {
    worker.task = task
    this.#options.onWorker?.(task.index, worker.process)
    const { run } = this.#plan.runs[task.index]!
    send(worker, { kind: 'train', run, memory: this.#options.estimates?.[task.index] ?? null, ...task })
  }

  #receive(worker: Worker, message: FromWorker): void {
    if (message.kind === 'ready') {
      worker.ready = true
      this.#stillborn = 0
      return
    }
    const { task } = worker
    if (!task || message.kind === 'measured') return
    const observer = this.#options.observer(task.index)
    if (message.kind === 'end' || message.kind === 'failed') {
      worker.task = null
      if (message.kind === 'failed') this.#failed(task.index, message.message)
      else if (message.state === 'inUse') this.#passedOver.add(task.index)
      else observer.onEnd?.(message.state, message.ended)
    } else tell(observer, this.#options.works[task.index]!, message)
  }

  #failed(index: number, reason: string): void {
    const { run } = this.#plan.runs[index]!
    this.#passedOver.add(index)
    storeFailure(this.#plan, run, reason)
    this.#options.note(failedText(run, reason))
  }

  /** Hands on the run of a worker that died, unless workers keep dying there. */
  #died({ task, said }: Worker, how: string): void {
    const reason = `its process ended by ${how}${said.trim() === '' ? '' : `: ${reasonIn(said)}`}`
    if (!task) {
      if (++this.#stillborn < MOST_STILLBORN) return
      throw new UserError({ where: `sweep ${this.#plan.id}`, expected: 'processes that train its runs', found: reason })
    }
    const { run } = this.#plan.runs[task.index]!
    const { step } = statusReader(this.#plan)(task.index)
    const before = this.#deaths.get(task.index)
    const count = before && step <= before.step ? before.count + 1 : 1
    this.#deaths.set(task.index, { count, step })
    const hint = how === 'SIGKILL' ? `. ${LACK_OF_MEMORY}` : ''
    if (count >= MOST_DEATHS) this.#failed(task.index, `${reason}, ${count} times at step ${step}${hint}`)
    else {
      this.#options.note(`run ${run}: ${reason}; it goes on from its last checkpoint`)
      this.#queue.unshift(task)
    }
  }

  /** Does something in a callback; where it fails, the sweep is saved and stopped, and fails with that error. */
  #orStop(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#fatal ??= error
      this.#stop()
    }
  }

  #stop(): void {
    this.#stopping = true
    for (const worker of this.#workers) send(worker, { kind: 'stop' })
  }
}

function send({ process }: Worker, message: ToWorker): void {
  if (process.connected) process.send(message, () => {})
}

function tell(
  observer: RunObserver,
  work: RunWork,
  message: Exclude<FromWorker, { kind: 'ready' | 'measured' | 'end' | 'failed' }>,
): void {
  if (message.kind === 'note') observer.onNote?.(message.text)
  else if (message.kind === 'start') observer.onStart?.({ ...message, config: work.config, work })
  else if (message.kind === 'steps') for (const metrics of message.metrics) observer.onStep?.(metrics)
  else if (message.kind === 'evaluationTime') observer.onEvaluationTime?.(message.seconds)
  else if (message.kind === 'evaluating')
    observer.onEvaluating?.(message.step, message.done, message.puzzles, message.seconds)
  else observer.onEvaluation?.(message.step, message.evaluation, message.weights)
}

/** Returns the command's own message, else the last line. */
function reasonIn(text: string): string {
  const lines = text.trim().split('\n')
  return (lines.find((line) => line.startsWith('recurlab: ')) ?? lines.at(-1)!).replace('recurlab: ', '').trim()
}
