import type { Dataset } from '../../data/dataset.js'
import { UserError } from '../../errors.js'
import type { Metrics } from '../../evaluate/own-metrics.js'
import { RunInUse } from '../../results/run.js'
import { runWork } from '../estimate/work.js'
import type { Ended } from '../run/ending.js'
import type { RunObserver, TrainMetrics } from '../run/observer.js'
import type { WorkSeconds } from './cost.js'
import { measureWork } from './measure.js'
import type { FromWorker, ToWorker } from './messages.js'
import type { SweepPlan } from './plan.js'
import { plannedMetrics } from './stored.js'
import { plannedData, trainPlanned } from './train-planned.js'

/** Milliseconds between messages about steps. */
const EVERY_MS = 100

/**
 * Serves the process that started this one as a worker: trains the runs of a plan that it is asked for, one at a time, until
 * it is told to stop or its channel closes. The current run is then saved.
 *
 * @param signal also saves and ends the process
 */
export async function serveWorker(plan: SweepPlan, signal: AbortSignal): Promise<void> {
  const channel: NodeJS.Process = process
  const send = (message: FromWorker): void => {
    // The parent may be gone at any moment.
    if (channel.connected) channel.send!(message, undefined, undefined, () => {})
  }
  const stop = new AbortController()
  const requests: ToWorker[] = []
  let wake = (): void => {}
  channel.on('message', (message: ToWorker) => {
    if (message.kind === 'stop') stop.abort()
    else requests.push(message)
    wake()
  })
  const end = (): void => {
    stop.abort()
    wake()
  }
  channel.on('disconnect', end)
  signal.addEventListener('abort', end)
  try {
    const { train, measure } = trainer(plan, send, stop.signal, await plannedMetrics(plan))
    send({ kind: 'ready' })
    while (!stop.signal.aborted) {
      const request = requests.shift()
      if (request?.kind === 'train') await train(request)
      else if (request?.kind === 'measure') await measure(request)
      else
        await new Promise<void>((resolve) => {
          wake = resolve
        })
    }
  } finally {
    // An open channel keeps the process alive.
    if (channel.connected) channel.disconnect!()
  }
}

type Request<K extends ToWorker['kind']> = Extract<ToWorker, { kind: K }>

function trainer(
  plan: SweepPlan,
  send: (message: FromWorker) => void,
  signal: AbortSignal,
  metrics: Metrics,
): {
  train(request: Request<'train'>): Promise<void>
  measure(request: Request<'measure'>): Promise<void>
} {
  let held: Dataset | null = null
  const dataOf = async (index: number): Promise<Dataset> => {
    const planned = plan.runs[index]!
    if (held?.hash !== planned.hashes.data) held = await plannedData(plan, planned)
    return held
  }
  const measure = async ({ runs }: Request<'measure'>): Promise<void> => {
    const seconds: WorkSeconds[] = []
    try {
      for (const { index, memory } of runs) {
        if (signal.aborted) return
        const data = await dataOf(index)
        seconds.push(await measureWork(runWork(plan.runs[index]!.config, data), data, memory))
      }
      send({ kind: 'measured', seconds })
    } catch (error) {
      // The run itself tells of its error, e.g. of a loss that is not finite.
      send({ kind: 'failed', message: error instanceof Error ? error.message : String(error) })
    }
  }
  const train = async ({ index, run, memory, stopAt }: Request<'train'>): Promise<void> => {
    const planned = plan.runs[index]!
    const observer = sendingObserver(send)
    try {
      // Otherwise the sweep would wait for ever for a run that nobody trains.
      if (planned.run !== run) throw changedPlan(plan, run, planned.run)
      const { state, status } = await trainPlanned(plan, planned, {
        data: await dataOf(index),
        observer,
        signal,
        estimate: plan.estimate,
        metrics,
        ...(memory ? { memory } : {}),
        ...(stopAt === undefined ? {} : { stopAt }),
      })
      observer.flush()
      if (state === 'failed') send({ kind: 'failed', message: status.message ?? 'it failed' })
      else {
        const ended = observer.ended()
        send({ kind: 'end', state: state === 'finished' ? 'finished' : 'interrupted', ...(ended ? { ended } : {}) })
      }
    } catch (error) {
      observer.flush()
      if (error instanceof RunInUse) send({ kind: 'end', state: 'inUse' })
      else if (error instanceof UserError) send({ kind: 'failed', message: error.message })
      else throw error
    }
  }
  return { train, measure }
}

function changedPlan({ dir }: SweepPlan, expected: string, found: string): UserError {
  return new UserError({
    where: dir,
    expected: `the plan that the sweep began with, with run ${expected}`,
    found: `one that another process has changed since, with ${found}`,
    todo: 'Start the sweep again: it takes over what is stored.',
  })
}

/** Returns an observer that sends what it sees, steps in groups. */
function sendingObserver(
  send: (message: FromWorker) => void,
): RunObserver & { flush(): void; ended(): Ended | undefined } {
  let how: Ended | undefined
  let steps: TrainMetrics[] = []
  let sentAt = performance.now()
  const flush = (): void => {
    if (steps.length > 0) send({ kind: 'steps', metrics: steps })
    steps = []
    sentAt = performance.now()
  }
  return {
    flush,
    ended: () => how,
    onEnd: (_, ended) => {
      how = ended
    },
    onNote: (text) => send({ kind: 'note', text }),
    onStart: ({ id, step, trainSteps }) => send({ kind: 'start', id, step, trainSteps }),
    onStep: (metrics) => {
      steps.push(metrics)
      if (performance.now() - sentAt >= EVERY_MS) flush()
    },
    onEvaluationTime: (seconds) => send({ kind: 'evaluationTime', seconds }),
    onEvaluating: (step, done, puzzles, seconds) => {
      flush()
      send({ kind: 'evaluating', step, done, puzzles, seconds })
    },
    onEvaluation: (step, evaluation, weights) => {
      flush()
      send({ kind: 'evaluation', step, evaluation: { ...evaluation, outcomes: [] }, ...(weights ? { weights } : {}) })
    },
  }
}
