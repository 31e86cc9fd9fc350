import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { startBackend } from '../lib/backend/index.js'
import { instructionSet, threadCount } from '../lib/backend/machine.js'
import { type BenchMachine, setup, torchModes, torchPeer } from './against-torch.js'
import { alternate, LEAST_ROUNDS, roundText } from './alternate.js'
import { chosenNames } from './only.js'
import { medianRatio, middle, type Summary, summaries, undisturbed } from './rounds.js'
import type { RecordingCost, ThinkAnswer, ThinkRequest } from './think-peer.js'
import { ladderWork, prepared, type ThinkWork, thinkWorks, workOf } from './think-works.js'
import { installTorch } from './torch-install.js'
import { runTypeScript, Worker } from './worker.js'

/** Names of the measurements that are not rollouts beside PyTorch. */
export const LADDER = 'ladder'
export const RECORDING = 'recording'

/** The measured works and the compared sides. */
export interface ThinkBenchOptions {
  /** Names of works, `ladder` and `recording`; default: all. */
  readonly only?: readonly string[]
  /** Number of undisturbed rounds; at most twice as many are made. Default 5. */
  readonly rounds?: number
  /** Puzzles of each work and of the ladder. Default: their own number. */
  readonly puzzles?: number
  /** Rows that Recurlab computes at a time. Default: that of `think`. */
  readonly batch?: number
  /** Rows of the synthetic recording. Default 16 million: 10,000 puzzles, 25 rollouts, 64 supervision steps. */
  readonly rows?: number
  /** Whether PyTorch is measured too; default true. */
  readonly torch?: boolean
  /** Called with a line of progress. */
  readonly onProgress?: (line: string) => void
}

/** The measurement of one work. */
export interface ThinkMeasurement {
  readonly work: string
  /** Rows: puzzles × rollouts. */
  readonly rows: number
  /** Supervision steps of a row. */
  readonly depth: number
  /**
   * Seconds by side: `think`, `record` (think with a recording), `recursion` (the supervision steps alone), `eager` and
   * `compiled` (PyTorch, all rows as one batch).
   */
  readonly seconds: Readonly<Record<string, Summary>>
  /** Ratios of sides, `think ÷ eager` and others: the medians of the ratios within each round. */
  readonly ratios: Readonly<Record<string, number>>
  /** Ratios of the medians of the processor times of all threads. */
  readonly processorRatios: Readonly<Record<string, number>>
  /** The share of a recorded run's time within the recorder: the median over the rounds. */
  readonly recorderShare: number
  /** Puzzles × rollouts per second at this depth. */
  readonly rowsPerSecond: number
  readonly counted: number
}

/** The time of a ladder: pocket puzzles, once each, with a recording. */
export interface LadderMeasurement {
  readonly puzzles: number
  readonly depth: number
  readonly seconds: number
  /** Seconds of all threads. */
  readonly processorSeconds: number
  readonly peakBytes: number
}

/** The cost of a synthetic recording. */
export interface SyntheticMeasurement extends RecordingCost {
  /** Peak memory of the process. */
  readonly peakBytes: number
}

/** Results of {@link benchThink}; null for parts that `only` leaves out. */
export interface ThinkBench {
  readonly machine: Omit<BenchMachine, 'dtype'>
  readonly works: readonly ThinkMeasurement[]
  readonly ladder: LadderMeasurement | null
  readonly recording: SyntheticMeasurement | null
}

const here = path.dirname(fileURLToPath(import.meta.url))

/**
 * Measures rollouts with noise and without a gradient against the same recursion in PyTorch, the cost of recording them, a
 * ladder of pocket puzzles to depth 256, and a recording of synthetic rows. The sides alternate in one run, each in its own
 * process; only one process computes at a time.
 *
 * PyTorch does less: after each supervision step it reads the most likely tokens and the halting logit, whereas Recurlab also
 * judges the answers and measures how far latents and logits have moved.
 *
 * @throws UserError for an unknown work, or if PyTorch is unavailable
 */
export async function benchThink(options: ThinkBenchOptions = {}): Promise<ThinkBench> {
  const { onProgress = () => {} } = options
  const names = chosenNames(options.only, [...thinkWorks.map(({ name }) => name), LADDER, RECORDING])
  const { fast } = await startBackend()
  const threads = threadCount()
  const works = thinkWorks.filter(({ name }) => names.includes(name)).map(({ title }) => workOf(title, options.puzzles))
  const version = works.length === 0 || options.torch === false ? null : await installTorch()
  const modes = version === null ? [] : await torchModes(onProgress)
  const measured: ThinkMeasurement[] = []
  for (const work of works) measured.push(await measure(work, options, modes, threads))
  return {
    machine: { threads, instructionSet: instructionSet(), torch: version, units: fast.units },
    works: measured,
    ladder: names.includes(LADDER) ? await ladder(options, threads) : null,
    recording: names.includes(RECORDING) ? await synthetic(options, threads) : null,
  }
}

async function measure(
  work: ThinkWork,
  { rounds = 5, batch, onProgress }: ThinkBenchOptions,
  modes: readonly string[],
  threads: number,
): Promise<ThinkMeasurement> {
  const rows = work.puzzles * work.rollouts
  const own = thinkPeer(threads)
  const others = modes.map((mode) => [mode, torchPeer(threads)] as const)
  const canary = modes.length > 0 ? torchPeer(threads) : null
  const shares: number[] = []
  const processor: Record<string, number[]> = {}
  const sideOf = (side: string, peer: Worker, request: object) => async (): Promise<number> => {
    const { seconds, processorSeconds, recording } = await peer.ask<ThinkAnswer>(request)
    processor[side] = [...(processor[side] ?? []), processorSeconds]
    if (recording) shares.push(recording.seconds / seconds)
    return seconds
  }
  const sides: Record<string, () => Promise<number>> = {}
  for (const side of ['think', 'record', 'recursion'] as const) sides[side] = sideOf(side, own, { do: side })
  try {
    await ask(own, { do: 'setup', work: work.title, batch, puzzles: work.puzzles })
    const { shape } = await prepared(work)
    for (const [mode, peer] of others) {
      onProgress?.(`${work.title}: setting up ${mode}`)
      await peer.ask(setup({ name: work.name, title: work.title, shape, batch: rows }, mode, threads))
      const request = { do: 'think', supervisionSteps: work.depth, noise: work.noise }
      sides[mode] = sideOf(mode, peer, request)
    }
    for (const [side, once] of Object.entries(sides)) {
      onProgress?.(`${work.title}: warming up ${side}`)
      await once()
      processor[side] = []
    }
    shares.length = 0
    const sing = async (): Promise<number> =>
      canary ? (await canary.ask({ do: 'canary', dtype: 'float32' })).seconds : 1
    const all = await alternate(sides, sing, rounds, (made) =>
      onProgress?.(`${work.title}: ${roundText(made, rounds)}`),
    )
    const counted = undisturbed(all, LEAST_ROUNDS)
    const seconds = summaries(counted)
    const pairs = [...modes.map((mode) => ['think', mode]), ['record', 'think'], ['think', 'recursion']] as [
      string,
      string,
    ][]
    const ratios = (of: (a: string, b: string) => number): Record<string, number> =>
      Object.fromEntries(pairs.map(([a, b]) => [`${a} ÷ ${b}`, of(a, b)]))
    return {
      work: work.title,
      rows,
      depth: work.depth,
      seconds,
      ratios: ratios((a, b) => medianRatio(counted, a, b)),
      processorRatios: ratios((a, b) => middle(processor[a]!) / middle(processor[b]!)),
      recorderShare: middle(shares),
      rowsPerSecond: rows / seconds.think!.minimum,
      counted: counted.length,
    }
  } finally {
    for (const peer of [own, ...others.map(([, peer]) => peer), ...(canary ? [canary] : [])]) peer.stop()
  }
}

async function ladder(options: ThinkBenchOptions, threads: number): Promise<LadderMeasurement> {
  const { batch, onProgress } = options
  const { puzzles, depth, title } = workOf(ladderWork.title, options.puzzles)
  onProgress?.(`ladder: ${puzzles} puzzles, ${depth} supervision steps`)
  const own = thinkPeer(threads)
  try {
    await ask(own, { do: 'setup', work: title, batch, puzzles })
    const { seconds, processorSeconds, peakBytes } = await ask(own, { do: 'record' })
    return { puzzles, depth, seconds, processorSeconds, peakBytes }
  } finally {
    own.stop()
  }
}

/** Sizes of the default synthetic recording but its puzzles. */
const SYNTHETIC = { rollouts: 25, depth: 64 }

async function synthetic(
  { rows = 16_000_000, onProgress }: ThinkBenchOptions,
  threads: number,
): Promise<SyntheticMeasurement> {
  onProgress?.(`recording: ${rows} synthetic rows`)
  const own = thinkPeer(threads)
  const { rollouts, depth } = SYNTHETIC
  const puzzles = Math.max(1, Math.round(rows / (rollouts * depth)))
  try {
    const { recording, peakBytes } = await ask(own, { do: 'synthetic', puzzles, rollouts, depth })
    return { ...recording!, peakBytes }
  } finally {
    own.stop()
  }
}

function ask(peer: Worker, request: ThinkRequest): Promise<ThinkAnswer> {
  return peer.ask<ThinkAnswer>(request)
}

function thinkPeer(threads: number): Worker {
  return new Worker('Recurlab', process.execPath, [runTypeScript, path.join(here, 'think-peer.ts')], {
    RECURLAB_THREADS: String(threads),
  })
}
