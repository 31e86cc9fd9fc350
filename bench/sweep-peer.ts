import type { ConfigInput } from '../lib/config/schema.js'
import { isSpent } from '../lib/evaluate/metric-names.js'
import { loadRun } from '../lib/experiment/run/load.js'
import { statusesOf } from '../lib/experiment/sweep/coverage.js'
import type { Grid } from '../lib/experiment/sweep/grid.js'
import { planSweep } from '../lib/experiment/sweep/plan-sweep.js'
import { trainPlan } from '../lib/experiment/sweep/sweep.js'
import { sha256 } from '../lib/files/atomic.js'
import { canonicalJson } from '../lib/files/sealed-json.js'
import { loadCheckpoint, openRun } from '../lib/results/run.js'
import { sudoku } from '../lib/tasks/sudoku/index.js'

/** The sweep that a process of `recurlab bench sweep` trains. */
export interface SweepRequest {
  readonly base: ConfigInput
  readonly grid: Grid
  readonly puzzles: Parameters<typeof sudoku>[0]
  readonly resultsDir: string
  /** 1 trains in this process. */
  readonly workers: number
}

/** The end of a sweep. */
export interface SweepEnd {
  readonly kind: 'end'
  /** Seconds of the sweep, without the start of this process and the making of its data. */
  readonly seconds: number
  /** Whether every run is done. */
  readonly complete: boolean
  /** The hash of all that each run computed, without times, by its place in the plan; empty unless all are done. */
  readonly numbers: readonly string[]
}

async function main(): Promise<void> {
  const { base, grid, puzzles, resultsDir, workers } = JSON.parse(process.argv[2]!) as SweepRequest
  const data = await sudoku(puzzles)
  const started = performance.now()
  const planned = await planSweep(base, grid, data, { resultsDir, workers })
  const { plan } = planned
  await trainPlan(planned, { resultsDir, workers, ...(workers === 1 ? { observer: {} } : {}) }, { ask: null })
  const seconds = (performance.now() - started) / 1000
  const complete = statusesOf(plan).every(({ state }) => state === 'done')
  const numbers = complete ? plan.runs.map(({ run }) => numbersOf(run, resultsDir)) : []
  process.stdout.write(`${JSON.stringify({ kind: 'end', seconds, complete, numbers } satisfies SweepEnd)}\n`)
}

/** Returns the hash of what a run computed: metrics, evaluations and its last checkpoint, without times. */
function numbersOf(run: string, resultsDir: string): string {
  const { metrics, evaluations } = loadRun(run, resultsDir)
  const timeless = (row: object): object => Object.fromEntries(Object.entries(row).filter(([name]) => !isSpent(name)))
  const { tensors } = loadCheckpoint(openRun(run, resultsDir))
  const weights = [...tensors].map(([name, { data }]) => [
    name,
    sha256(Buffer.from(data.buffer, data.byteOffset, data.byteLength)),
  ])
  return sha256(canonicalJson([metrics.map(timeless), evaluations.map(timeless), weights]))
}

void main()
