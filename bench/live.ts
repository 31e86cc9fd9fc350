import { rmSync } from 'node:fs'
import { parseConfig } from '../lib/config/parse.js'
import type { ConfigInput } from '../lib/config/schema.js'
import type { Evaluation } from '../lib/evaluate/evaluation.js'
import { runWork } from '../lib/experiment/estimate/work.js'
import type { RunObserver, TrainMetrics } from '../lib/experiment/run/observer.js'
import { train } from '../lib/experiment/run/train.js'
import { liveRuns } from '../lib/experiment/watch/live.js'
import { temporaryFolder } from '../lib/files/temporary.js'
import { settleDisplays } from '../lib/notebook/display.js'
import { currentHost, type NotebookHost, setHost } from '../lib/notebook/host.js'
import { sudoku } from '../lib/tasks/sudoku/index.js'

/**
 * The cost of watching a training run. Times are of this thread, in milliseconds, means over the steps of all rounds.
 */
export interface LiveMeasurement {
  /** A step with everything around it, without a display … */
  readonly silentStepMs: number
  /** … and with the progress line and the live curves. */
  readonly watchedStepMs: number
  /** Processor time of this process, all threads, without and with a display. */
  readonly silentCpuMs: number
  readonly watchedCpuMs: number
  /** Per watched step: time of the observer itself, and of serialising for the front end. */
  readonly observerMs: number
  /** Messages and drawings in all watched rounds. */
  readonly updates: number
  readonly drawings: number
  /** Time of this process for a drawing that another one makes. */
  readonly drawingMs: number
  /** (observer and drawings) / watched steps. */
  readonly share: number
}

/** The trained configuration and the number of repetitions. */
export interface LiveBenchOptions {
  /** Default: the pocket Sudoku with batch 64. */
  readonly config?: ConfigInput
  /** Steps of a round; default 60. */
  readonly trainSteps?: number
  /** Rounds with and without a display, alternating; default 3. */
  readonly rounds?: number
}

/** Measures training with and without live curves, alternating so that both see the same machine. */
export async function benchLive({
  config: more = {},
  trainSteps = 60,
  rounds = 3,
}: LiveBenchOptions = {}): Promise<LiveMeasurement> {
  const folder = temporaryFolder('live')
  const data = await sudoku({ box: [2, 2], clues: 5, train: 200, test: 100 })
  const config = parseConfig({ hidden: 64, heads: 4, K: 8, batch: 64, evalEvery: 20, ...more, trainSteps })
  const earlier = currentHost()
  const counted = { updates: 0, drawings: 0 }
  setHost(countingHost(counted))
  const silent = { wall: 0, cpu: 0 }
  const watched = { wall: 0, cpu: 0, observer: 0 }
  const run = async (observer: RunObserver, sum: { wall: number; cpu: number }): Promise<void> => {
    // The first step, which fills caches, is not counted.
    let from = { wall: 0, cpu: 0 }
    const mark = (): typeof from => ({ wall: performance.now(), cpu: cpuMs() })
    const { onStep } = observer
    await train(config, data, {
      resultsDir: folder,
      signal: new AbortController().signal,
      observer: {
        ...observer,
        onStep: (metrics) => {
          onStep?.(metrics)
          if (metrics.step === 1) from = mark()
        },
      },
    })
    const to = mark()
    sum.wall += to.wall - from.wall
    sum.cpu += to.cpu - from.cpu
  }
  try {
    await run({}, { wall: 0, cpu: 0 })
    for (let round = 0; round < rounds; round++) {
      await run({}, silent)
      const live = liveRuns([runWork(config, data)])
      await run(timed(live.observer(0), watched), watched)
      live.end()
      await settleDisplays()
    }
    const drawingMs = await drawingCost(counted)
    const all = rounds * (trainSteps - 1)
    return {
      silentStepMs: silent.wall / all,
      watchedStepMs: watched.wall / all,
      silentCpuMs: silent.cpu / all,
      watchedCpuMs: watched.cpu / all,
      observerMs: watched.observer / all,
      ...counted,
      drawingMs,
      share: (watched.observer + counted.drawings * drawingMs) / watched.wall,
    }
  } finally {
    setHost(earlier)
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Returns a host of a watched notebook: messages are serialised as by the notebook kernel. */
function countingHost(counted: { updates: number; drawings: number }): NotebookHost {
  const send = (bundle: object): void => {
    if (JSON.stringify(bundle).length > 0) counted.updates++
    if ('image/svg+xml' in bundle) counted.drawings++
  }
  const refuse = (): never => {
    throw new Error('the bench has no front end')
  }
  return {
    live: true,
    signal: new AbortController().signal,
    display: send,
    update: send,
    clear: () => {},
    atCellEnd: () => {},
    atForcedStop: () => {},
    forFrontEnd: refuse,
    stoppable: (work) => work(),
    uncut: (work) => work(),
    input: refuse,
    setTypeErrors: () => {},
    comms: { open: refuse, onOpen: () => {} },
  }
}

/** Returns the observer with its time counted. */
function timed(observer: RunObserver, sum: { observer: number }): RunObserver {
  const count = (work: () => void): void => {
    const started = performance.now()
    work()
    sum.observer += performance.now() - started
  }
  return {
    onStart: (run) => count(() => observer.onStart?.(run)),
    onStep: (metrics) => count(() => observer.onStep?.(metrics)),
    onEvaluation: (step, evaluation) => count(() => observer.onEvaluation?.(step, evaluation)),
    onEnd: (state) => count(() => observer.onEnd?.(state)),
  }
}

/**
 * Returns the processor time of this process for one drawing of live curves at full length, with nothing else running.
 */
async function drawingCost(counted: { updates: number; drawings: number }): Promise<number> {
  const before = { ...counted }
  const config = parseConfig({ trainSteps: 400 })
  const work = runWork(config, await sudoku({ box: [2, 2], clues: 5, train: 1, test: 0 }))
  const drawOnce = async (): Promise<void> => {
    const { onStep, onEvaluation } = liveRuns([work]).observer(0)
    for (let step = 1; step <= 400; step++) onStep?.({ ...NOTHING, step, 'train.loss': 1 / step })
    for (let step = 1; step <= 400; step++) onEvaluation?.(step, { ...NO_EVALUATION, 'test.exact': step / 400 })
    await settleDisplays()
  }
  await drawOnce()
  const started = cpuMs()
  const times = 5
  for (let i = 0; i < times; i++) await drawOnce()
  const cost = (cpuMs() - started) / times
  Object.assign(counted, before)
  return cost
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** A step and an evaluation of which only the curves' numbers matter. */
const NOTHING: TrainMetrics = {
  step: 0,
  'train.loss': 0,
  'train.lmLoss': 0,
  'train.haltLoss': 0,
  'train.exact': 0,
  'train.cells': 0,
  'train.haltAccuracy': 0,
  'train.halted': 0,
  supervisionSteps: 0,
  lr: 0,
  'train.gradientNorm': 0,
  'train.weightNorm': 0,
  skippedUpdates: 0,
  trainSeconds: 0,
  trainCpuSeconds: 0,
  trainMacs: 0,
  trainSupervisionSteps: 0,
  trainNetworkCalls: 0,
}
const NO_EVALUATION: Evaluation = {
  'test.exact': 0,
  'test.cells': 0,
  'test.haltAccuracy': 0,
  'test.halted': 0,
  supervisionSteps: 0,
  puzzles: 0,
  scored: 0,
  evaluationMacs: 0,
  evaluationSupervisionSteps: 0,
  evaluationNetworkCalls: 0,
  scoredCells: 0,
  rightCells: 0,
  votes: null,
  outcomes: [],
}
