import { rmSync } from 'node:fs'
import path from 'node:path'
import { startBackend } from '../lib/backend/index.js'
import { threadCount } from '../lib/backend/machine.js'
import type { ConfigInput } from '../lib/config/schema.js'
import { UserError } from '../lib/errors.js'
import { runConfig } from '../lib/experiment/data/dataset.js'
import { runWork } from '../lib/experiment/estimate/work.js'
import { temporaryFolder } from '../lib/files/temporary.js'
import { sudoku } from '../lib/tasks/sudoku/index.js'
import { setup, torchModes, torchPeer } from './against-torch.js'
import { middle } from './rounds.js'
import { trainInProcess } from './sweep-process.js'
import { installTorch } from './torch-install.js'
import type { Work } from './work.js'

/** The six runs of notebook 01, MLP against self-attention. */
const puzzles = { box: [2, 2], clues: 5, train: 200, test: 300, seed: 0 } as const
const base = {
  ...{ model: 'trm', hidden: 64, heads: 4, layers: 2, T: 2, n: 2, K: 8, puzzleTokens: 1, batch: 64, trainSteps: 180 },
  ...{ lr: 2e-3, weightDecay: 0.1, ema: 0.98, evalEvery: 60 },
} as const satisfies ConfigInput
const MIXERS = ['mlp', 'attention'] as const
const SEEDS = [0, 1, 2]

/** Processes of the pool, and of PyTorch. */
const WORKERS = 2

/** Most steps of the runs whose numbers are compared. */
const COMPARED_STEPS = 20

/** Options of the bench. */
export interface SweepBenchOptions {
  /** Steps of each run. Default 180, as in the notebook. */
  readonly trainSteps?: number
  /** Measurements of each side, in turn. Default 1. */
  readonly rounds?: number
  /** Whether PyTorch is measured too. Default true. */
  readonly torch?: boolean
  readonly onProgress?: (line: string) => void
}

/** Seconds of the six runs on each side, round by round. */
export interface SweepMeasurement {
  readonly trainSteps: number
  readonly threads: number
  readonly poolSeconds: readonly number[]
  readonly loopSeconds: readonly number[]
  /** The median over the rounds of pool / loop. */
  readonly ratio: number
  /** Whether the runs of the pool equal those of one process with one thread, bit for bit. */
  readonly equal: boolean
  /** Seconds of PyTorch: its steps and evaluations times their number. Null without it. */
  readonly torch: TorchSweep | null
}

/** Two processes of PyTorch with one thread each, at work at the same time. */
export interface TorchSweep {
  readonly version: string
  readonly seconds: number
  /** By mixer: the faster mode, and its seconds. */
  readonly works: Readonly<
    Record<string, { readonly mode: string; readonly step: number; readonly evaluation: number }>
  >
}

/**
 * Trains the six runs of notebook 01 by two workers with one thread each, and one after the other in a process with all
 * threads, in turn.
 */
export async function benchSweep(options: SweepBenchOptions = {}): Promise<SweepMeasurement> {
  const { trainSteps = base.trainSteps, rounds = 1, torch = true, onProgress = () => {} } = options
  const folder = temporaryFolder('bench-sweep-')
  let count = 0
  const seconds = async (workers: number, steps: number, threads?: number) => {
    const resultsDir = path.join(folder, String(count++))
    const config = { ...base, trainSteps: steps, evalEvery: Math.min(base.evalEvery, steps) }
    const grid = { mixer: MIXERS, seed: SEEDS }
    const request = { base: config, grid, puzzles, resultsDir, workers }
    const end = await trainInProcess(request, threads)
    if (!end.complete)
      throw new UserError({ where: 'bench sweep', expected: 'six finished runs', found: 'a sweep that was stopped' })
    return end
  }
  try {
    const compared = Math.min(COMPARED_STEPS, trainSteps)
    onProgress(`numbers of ${compared} steps: pool, and one process with one thread`)
    const two = await seconds(WORKERS, compared, WORKERS)
    const one = await seconds(1, compared, 1)
    const equal = two.numbers.every((hash, i) => hash === one.numbers[i])
    const [poolSeconds, loopSeconds]: [number[], number[]] = [[], []]
    for (let round = 0; round < rounds; round++) {
      poolSeconds.push((await seconds(WORKERS, trainSteps, WORKERS)).seconds)
      onProgress(`round ${round + 1} of ${rounds}: pool ${poolSeconds.at(-1)!.toFixed(1)} s`)
      loopSeconds.push((await seconds(1, trainSteps, WORKERS)).seconds)
      onProgress(`round ${round + 1} of ${rounds}: loop ${loopSeconds.at(-1)!.toFixed(1)} s`)
    }
    const ratio = middle(poolSeconds.map((pool, i) => pool / loopSeconds[i]!))
    const peer = torch ? await torchSweep(trainSteps, onProgress) : null
    return { trainSteps, threads: threadCount(), poolSeconds, loopSeconds, ratio, equal, torch: peer }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Times of a step or an evaluation that are measured; the first ones compile. */
const WARM = 2
const TIMED = 10

async function torchSweep(trainSteps: number, onProgress: (line: string) => void): Promise<TorchSweep> {
  await startBackend()
  const version = await installTorch()
  const data = await sudoku(puzzles)
  const works: Record<string, { mode: string; step: number; evaluation: number }> = {}
  let total = 0
  for (const mixer of MIXERS) {
    const { shape, evaluated, resolved } = runWork(runConfig({ ...base, mixer }, data), data)
    const work: Work = { name: mixer, title: mixer, shape, batch: base.batch }
    const parts = evaluated / base.batch
    for (const mode of await torchModes(onProgress)) {
      onProgress(`PyTorch, ${mixer}, ${mode}`)
      const measured = await inTwo(work, mode, resolved.evaluation.evalSupervisionSteps)
      const { step, evaluation } = { step: measured.step, evaluation: parts * measured.evaluation }
      const of = (one: { step: number; evaluation: number }): number =>
        trainSteps * one.step + Math.ceil(trainSteps / base.evalEvery) * one.evaluation
      if (!works[mixer] || of({ step, evaluation }) < of(works[mixer])) works[mixer] = { mode, step, evaluation }
    }
    const { step, evaluation } = works[mixer]!
    total += SEEDS.length * (trainSteps * step + Math.ceil(trainSteps / base.evalEvery) * evaluation)
  }
  return { version, seconds: total / WORKERS, works }
}

/** Returns the mean seconds of a step and of an evaluation of one batch in two processes that compute at the same time. */
async function inTwo(
  work: Work,
  mode: string,
  supervisionSteps: number,
): Promise<{ step: number; evaluation: number }> {
  const peers = Array.from({ length: WORKERS }, () => torchPeer(1))
  try {
    const each = async (request: object): Promise<number> => {
      const answers = await Promise.all(peers.map((peer) => peer.ask(request)))
      return answers.reduce((sum, { seconds }) => sum + seconds, 0) / WORKERS
    }
    const timed = async (request: object): Promise<number> => {
      for (let i = 0; i < WARM; i++) await each(request)
      const all: number[] = []
      for (let i = 0; i < TIMED; i++) all.push(await each(request))
      return middle(all)
    }
    await each(setup(work, mode, 1))
    return { step: await timed({ do: 'step' }), evaluation: await timed({ do: 'eval', supervisionSteps }) }
  } finally {
    for (const peer of peers) peer.stop()
  }
}
