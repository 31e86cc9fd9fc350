import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { startBackend } from '../lib/backend/index.js'
import type { Dtype, FastPath } from '../lib/backend/kernels.js'
import { instructionSet, threadCount } from '../lib/backend/machine.js'
import { chooseDtype } from '../lib/experiment/run/dtype.js'
import { findCompiler } from '../lib/setup/platform.mjs'
import { alternate, LEAST_ROUNDS, roundText } from './alternate.js'
import { chosenNames } from './only.js'
import { medianRatio, type Summary, summaries, undisturbed } from './rounds.js'
import { installTorch, python } from './torch-install.js'
import { evaluationFlops, stepFlops, torchWork, type Work, works } from './work.js'
import { runTypeScript, Worker } from './worker.js'

/** The measured work and the compared sides. */
export interface TorchBenchOptions {
  /** A supervision step with its update, or an evaluation. */
  readonly what: 'train' | 'eval'
  /** Names of works; default: all for `train`, the Sudoku MLP for `eval`. */
  readonly only?: readonly string[]
  /** Number of undisturbed rounds; at most twice as many are made. Each round measures every side once. Default 5. */
  readonly rounds?: number
  /** Supervision steps of an evaluation. Default 1: the cost is linear in them. */
  readonly supervisionSteps?: number
  /** The type that both sides compute in; default float32. In bfloat16 PyTorch uses the faster of its two modes. */
  readonly dtype?: Dtype
  /** Whether PyTorch is measured too; default true. */
  readonly torch?: boolean
  /** Called with a line of progress. */
  readonly onProgress?: (line: string) => void
}

/** The measurement of one work on every side. */
export interface TorchMeasurement {
  readonly work: string
  /** Seconds by side: `recurlab`, `eager`, `compiled`. */
  readonly seconds: Readonly<Record<string, Summary>>
  /** recurlab / side: the ratio of the minima, and the median of the ratios within each round. */
  readonly ratios: Readonly<Record<string, { readonly minimum: number; readonly median: number }>>
  /** Peak memory of each side's process. */
  readonly peakBytes: Readonly<Record<string, number>>
  /** Recurlab's floating-point operations per second, in units of 1e9, in its fastest round. */
  readonly gflops: number
  /**
   * The rate of PyTorch's 1024 × 1024 matrix product in the same type, in the quietest moment; null without PyTorch.
   */
  readonly matmulGflops: number | null
  /** Rounds made, and rounds counted. */
  readonly rounds: number
  readonly counted: number
  /** Rows per second of an evaluation with `supervisionSteps` supervision steps. */
  readonly puzzlesPerSecond?: Readonly<Record<string, number>>
}

/** The machine of the measurement. */
export interface BenchMachine {
  readonly threads: number
  readonly instructionSet: string
  readonly torch: string | null
  readonly dtype: Dtype
  /** The units that the fused kernels multiply with; null: plain operations. */
  readonly units: FastPath['units']
}

const here = path.dirname(fileURLToPath(import.meta.url))
/**
 * Measures Recurlab and PyTorch (eager and compiled) on the same work, alternating in one run, each in its own process;
 * only one process computes at a time.
 *
 * @throws UserError for an unknown work, or if PyTorch is unavailable
 */
export async function benchAgainstTorch(
  options: TorchBenchOptions,
): Promise<{ machine: BenchMachine; measurements: TorchMeasurement[] }> {
  const chosenWorks = chosen(options)
  const { dtype = 'float32' } = options
  const { fast } = await startBackend()
  chooseDtype(dtype)
  const threads = threadCount()
  const version = options.torch === false ? null : await installTorch()
  const modes = version === null ? [] : await torchModes(options.onProgress)
  const measurements: TorchMeasurement[] = []
  for (const work of chosenWorks) measurements.push(await measure(work, options, modes, threads))
  const machine = { threads, instructionSet: instructionSet(), torch: version, dtype, units: fast.units }
  return { machine, measurements }
}

/** Returns the modes PyTorch is measured in: `torch.compile` needs a C++ compiler. */
export async function torchModes(onProgress: TorchBenchOptions['onProgress']): Promise<string[]> {
  if (await findCompiler()) return ['eager', 'compiled']
  onProgress?.('torch.compile needs a C++ compiler, and there is none: compiled is omitted')
  return ['eager']
}

function chosen({ only, what }: TorchBenchOptions): Work[] {
  const all = works.map(({ name }) => name)
  const names = chosenNames(only ?? (what === 'train' ? all : all.slice(0, 1)), all)
  return works
    .filter(({ name }) => names.includes(name))
    .map((work) => (what === 'train' ? work : { ...work, batch: work.evaluated ?? work.batch }))
}

async function measure(
  work: Work,
  { what, rounds = 5, supervisionSteps = 1, dtype = 'float32', onProgress }: TorchBenchOptions,
  modes: readonly string[],
  threads: number,
): Promise<TorchMeasurement> {
  const request = what === 'train' ? { do: 'step' } : { do: 'eval', supervisionSteps }
  const sides: Record<string, Worker> = { recurlab: recurlabPeer(threads) }
  const canary = modes.length > 0 ? torchPeer(threads) : null
  try {
    for (const mode of modes) sides[mode] = await fastestTorch(work, mode, threads, dtype, request, onProgress)
    const peakBytes: Record<string, number> = {}
    for (const [mode, side] of Object.entries(sides)) {
      onProgress?.(`${work.title}: warming up ${mode}`)
      if (mode === 'recurlab') await side.ask(setup(work, mode, threads, dtype))
      await side.ask(request)
      await side.ask(request)
    }
    let best = Number.POSITIVE_INFINITY
    let flops = 0
    const sing = async (): Promise<number> => {
      if (!canary) return 1
      const answer = await canary.ask({ do: 'canary', dtype })
      flops = answer.flops ?? 0
      best = Math.min(best, answer.seconds)
      return answer.seconds
    }
    const measures = Object.entries(sides).map(([mode, side]) => {
      const once = async (): Promise<number> => {
        const answer = await side.ask(request)
        peakBytes[mode] = answer.peakBytes
        return answer.seconds
      }
      return [mode, once] as const
    })
    const all = await alternate(Object.fromEntries(measures), sing, rounds, (made) =>
      onProgress?.(`${work.title}: ${roundText(made, rounds)}`),
    )
    const counted = undisturbed(all, LEAST_ROUNDS)
    const seconds = summaries(counted)
    const others = Object.keys(sides).filter((mode) => mode !== 'recurlab')
    const total = what === 'train' ? stepFlops(work) : evaluationFlops(work, supervisionSteps)
    return {
      work: work.title,
      seconds,
      ratios: Object.fromEntries(
        others.map((mode) => [
          mode,
          {
            minimum: seconds.recurlab!.minimum / seconds[mode]!.minimum,
            median: medianRatio(counted, 'recurlab', mode),
          },
        ]),
      ),
      peakBytes,
      gflops: total / seconds.recurlab!.minimum / 1e9,
      matmulGflops: canary ? flops / best / 1e9 : null,
      rounds: all.length,
      counted: counted.length,
      ...(what === 'eval' && {
        puzzlesPerSecond: Object.fromEntries(
          Object.entries(seconds).map(([mode, { minimum }]) => [mode, work.batch / minimum]),
        ),
      }),
    }
  } finally {
    for (const side of [...Object.values(sides), ...(canary ? [canary] : [])]) side.stop()
  }
}

/** PyTorch's bfloat16 modes: with bfloat16 activations, or with only the products of float32 in bfloat16. */
const TORCH_BFLOAT16 = ['bfloat16-autocast', 'bfloat16-matmul']

/** Starts PyTorch's process for a work; in bfloat16, in the mode that is faster here. */
async function fastestTorch(
  work: Work,
  mode: string,
  threads: number,
  dtype: Dtype,
  request: object,
  onProgress: TorchBenchOptions['onProgress'],
): Promise<Worker> {
  const ways = dtype === 'bfloat16' ? TORCH_BFLOAT16 : [dtype]
  let best: { side: Worker; seconds: number; way: string } | null = null
  for (const way of ways) {
    onProgress?.(`${work.title}: setting up ${mode}, ${way}`)
    const side = torchPeer(threads)
    try {
      await side.ask(setup(work, mode, threads, way))
      let seconds = Number.POSITIVE_INFINITY
      // The first call compiles.
      for (let i = 0; ways.length > 1 && i < 3; i++) seconds = Math.min(seconds, (await side.ask(request)).seconds)
      if (best && best.seconds <= seconds) side.stop()
      else {
        best?.side.stop()
        best = { side, seconds, way }
      }
    } catch (error) {
      side.stop()
      best?.side.stop()
      throw error
    }
  }
  if (ways.length > 1) onProgress?.(`${work.title}: ${mode} takes ${best!.way}`)
  return best!.side
}

function recurlabPeer(threads: number): Worker {
  return new Worker('Recurlab', process.execPath, [runTypeScript, path.join(here, 'recurlab-peer.ts')], {
    RECURLAB_THREADS: String(threads),
  })
}

/** Starts PyTorch's side; the test of its numbers uses it too. */
export function torchPeer(threads: number): Worker {
  return new Worker('PyTorch', python, ['-u', path.join(here, 'torch', 'peer.py')], {
    OMP_NUM_THREADS: String(threads),
  })
}

/** Returns the request that sets up a peer's work. */
export function setup(work: Work, mode: string, threads: number, dtype = 'float32'): object {
  if (mode === 'recurlab') return { do: 'setup', work: work.name, batch: work.batch, dtype }
  return { do: 'setup', mode, threads, dtype, work: torchWork(work) }
}
