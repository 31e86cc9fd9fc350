import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import path from 'node:path'
import { kernels } from '../lib/backend/kernels.js'
import { startBackend } from '../lib/backend/start.js'
import { UserError } from '../lib/errors.js'
import { runDifferences } from '../lib/experiment/reproduce/differences.js'
import { rowsOfTable } from '../lib/files/arrow-rows.js'
import { float32Tensors } from '../lib/files/safetensors.js'
import { temporaryFolder } from '../lib/files/temporary.js'
import { listRuns, loadCheckpoint, type RunRecord, readEvaluations } from '../lib/results/run.js'
import { chosenNames } from './only.js'

/** How far a run under one setting is from the same run by fused kernels with two threads in float32. */
export interface BitsMeasurement {
  /** `mlp` or `attention`. */
  readonly mixer: string
  readonly setting: string
  /** The first optimiser step whose logged values differ; null if all content is equal, bit for bit. */
  readonly firstStep: number | null
  /** Largest relative difference of the training loss: in the first step, in the first ten, in all. */
  readonly loss: { readonly first: number; readonly ten: number; readonly all: number }
  /** ‖Δw‖ / ‖w‖ of all weights after the last step. */
  readonly weights: number
  /** Exact accuracy after the last step, under the setting. */
  readonly exact: number
  readonly seconds: number
}

/** Why a setting was not measured. */
export interface BitsSkipped {
  readonly setting: string
  readonly reason: string
}

/** Options of the bench. */
export interface BitsOptions {
  /** Optimiser steps of each run. Default 60. */
  readonly trainSteps?: number
  /** Names of settings. Default: all. */
  readonly only?: readonly string[]
  readonly onProgress?: (line: string) => void
}

interface Setting {
  readonly env?: Readonly<Record<string, string>>
  readonly keys?: readonly string[]
  /** Returns why it cannot be measured here. */
  readonly missing?: () => string | null
}

const noUnit = (unit: 'bfloat16' | 'AMX') => (): string | null => {
  const units = kernels()?.units
  if (unit === 'AMX') return units?.float32 === 'AMX' ? null : 'this processor has no AMX'
  return units?.bfloat16 ? null : 'this processor does not multiply bfloat16 matrices'
}

/** Settings by name; each is compared with the native backend, fused kernels, two threads, float32. */
export const bitsSettings: Readonly<Record<string, Setting>> = {
  again: {},
  '1 thread': { env: { RECURLAB_THREADS: '1' } },
  '4 threads': { env: { RECURLAB_THREADS: '4' } },
  'half of the batch at a time': { keys: ['microBatch=32'] },
  'vectors in place of AMX': { env: { RECURLAB_AMX: '0' }, missing: noUnit('AMX') },
  'plain operations': { env: { RECURLAB_FAST: '0' } },
  'plain operations with 1 thread': { env: { RECURLAB_FAST: '0', RECURLAB_THREADS: '1' } },
  WebAssembly: { env: { RECURLAB_BACKEND: 'wasm' } },
  'plain JavaScript': { env: { RECURLAB_BACKEND: 'cpu' } },
  bfloat16: { keys: ['dtype=bfloat16'], missing: noUnit('bfloat16') },
}

/**
 * Trains the same run under several backends, threads and precisions, each in a process of its own, and compares each
 * with fused kernels, two threads and float32, bit for bit.
 *
 * @param program the file of the command `recurlab`
 * @throws UserError for an unknown setting, and when a run fails
 */
export async function benchBits(
  program: string,
  { trainSteps = 60, only, onProgress = () => {} }: BitsOptions = {},
): Promise<{ measured: BitsMeasurement[]; skipped: BitsSkipped[] }> {
  const others = chosenNames(only, Object.keys(bitsSettings))
  await startBackend()
  const measured: BitsMeasurement[] = []
  const skipped: BitsSkipped[] = []
  const folder = temporaryFolder('bits')
  try {
    for (const mixer of ['mlp', 'attention']) {
      const first = await trained(program, path.join(folder, mixer, 'first'), mixer, trainSteps, {})
      for (const [index, setting] of others.entries()) {
        const { missing, ...how } = bitsSettings[setting]!
        const reason = missing?.() ?? null
        if (reason !== null) {
          if (measured.every((one) => one.mixer === mixer)) skipped.push({ setting, reason })
          continue
        }
        const other = await trained(program, path.join(folder, mixer, String(index)), mixer, trainSteps, how)
        measured.push({ mixer, setting, ...compared(first.run, other.run, trainSteps), seconds: other.seconds })
        onProgress(`${mixer}, ${setting}: ${other.seconds.toFixed(1)} s`)
      }
    }
    return { measured, skipped }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Trains one run in a process of its own. */
async function trained(
  program: string,
  out: string,
  mixer: string,
  trainSteps: number,
  { env = {}, keys = [] }: Setting,
): Promise<{ run: RunRecord; seconds: number }> {
  const own = ['dtype=float32', ...keys].filter((pair, i, all) => all.findLastIndex((p) => sameKey(p, pair)) === i)
  const args = ['train', 'sudoku-pocket', `mixer=${mixer}`, `trainSteps=${trainSteps}`, ...own]
  const began = performance.now()
  const child = spawn(
    process.execPath,
    [program, ...args, 'logEvery=1', `evalEvery=${trainSteps}`, '--no-estimate', `out=${out}`],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, RECURLAB_BACKEND: 'tfjs-node', RECURLAB_THREADS: '2', ...env },
    },
  )
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  const [run] = code === 0 ? listRuns(out).runs : []
  if (!run)
    throw new UserError({
      where: 'bench bits',
      expected: `${args.join(' ')} to end`,
      found: errors.trim() || `exit code ${code}`,
    })
  return { run, seconds: (performance.now() - began) / 1000 }
}

function sameKey(a: string, b: string): boolean {
  return a.split('=')[0] === b.split('=')[0]
}

function compared(
  run: RunRecord,
  other: RunRecord,
  trainSteps: number,
): Omit<BitsMeasurement, 'mixer' | 'setting' | 'seconds'> {
  const lossUntil = (until: number): number => {
    const { differences } = runDifferences(run, other, { until, atEnd: false })
    return differences.find(({ name }) => name === 'train.loss')?.relative ?? 0
  }
  const { differences } = runDifferences(run, other, { until: trainSteps, atEnd: true })
  const last = rowsOfTable(readEvaluations(other)).at(-1)
  return {
    firstStep: differences[0]?.step ?? null,
    loss: { first: lossUntil(1), ten: lossUntil(10), all: lossUntil(trainSteps) },
    weights: weightDistance(run, other),
    exact: Number(last?.['test.exact'] ?? Number.NaN),
  }
}

/** Returns ‖Δw‖ / ‖w‖ of all weights in the newest checkpoints of two runs. */
function weightDistance(run: RunRecord, other: RunRecord): number {
  const [a, b] = [run, other].map((one) => float32Tensors(loadCheckpoint(one).tensors)) as [Tensors, Tensors]
  let [distance, size] = [0, 0]
  for (const [name, { data }] of a) {
    if (name.includes('/')) continue
    const others = b.get(name)!.data
    for (let i = 0; i < data.length; i++) {
      distance += (others[i]! - data[i]!) ** 2
      size += data[i]! ** 2
    }
  }
  return Math.sqrt(distance / size)
}

type Tensors = ReturnType<typeof float32Tensors>
