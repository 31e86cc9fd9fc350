import { rmSync } from 'node:fs'
import path from 'node:path'
import { UserError } from '../lib/errors.js'
import { temporaryFolder } from '../lib/files/temporary.js'
import { Random } from '../lib/random.js'
import type { SweepEnd, SweepRequest } from './sweep-peer.js'
import { startSweep } from './sweep-process.js'

/** Options of the bench. */
export interface KillOptions {
  /** Number of kills. Default 200. */
  readonly kills?: number
  /** Seed of their moments and victims. Default 0. */
  readonly seed?: number
  /** One kill in so many ends the process of the sweep itself; the others end a worker. Default 10. */
  readonly sweepEvery?: number
  /** Optimiser steps of each run. Default 60. */
  readonly trainSteps?: number
  readonly onProgress?: (line: string) => void
}

/** The number of killed processes, and the state of the runs after them. */
export interface KillMeasurement {
  /** Workers that were killed, and processes of a sweep. */
  readonly killedWorkers: number
  readonly killedSweeps: number
  /** Sweeps that were trained to their end. */
  readonly sweeps: number
  readonly runs: number
  /** Runs that equal unbroken ones, bit for bit. */
  readonly equal: number
  readonly seconds: number
}

const puzzles = { box: [2, 2], clues: 6, train: 30, test: 10, seed: 3 } as const
const base = { hidden: 16, T: 1, n: 1, K: 2, batch: 8, evalBatch: 10, evalEvery: 20, checkpointEvery: 5 } as const
const grid = { seed: [0, 1, 2, 3] }

/** Longest wait in milliseconds between a worker's first step and its kill. */
const LONGEST = 1500

/**
 * Kills (SIGKILL) workers of sweeps, and processes of sweeps, at random moments, and lets every sweep go on to its end; then
 * compares the runs with unbroken ones. A run that was killed twice in a row is left alone until its next turn: after a third
 * death without a saved step the pool rightly gives a run up.
 */
export async function benchKills(options: KillOptions = {}): Promise<KillMeasurement> {
  const { kills = 200, seed = 0, sweepEvery = 10, trainSteps = 60, onProgress = () => {} } = options
  const random = Random.of(seed, 'kills')
  const folder = temporaryFolder('bench-kills-')
  const request = (name: string, workers: number, tellsWorkers: boolean): SweepRequest => ({
    ...{ base: { ...base, trainSteps }, grid, puzzles, workers, tellsWorkers },
    resultsDir: path.join(folder, name),
  })
  const began = performance.now()
  try {
    const whole = await startSweep(request('unbroken', 1, false), 1).ended
    if (!whole?.complete)
      throw new UserError({ where: 'bench kills', expected: 'unbroken runs', found: 'a stopped sweep' })
    const killed = { worker: 0, sweep: 0 }
    let [sweeps, equal] = [0, 0]
    while (killed.worker + killed.sweep < kills) {
      const end = await underFire(request(`killed-${sweeps}`, 2, true), random, sweepEvery, killed, kills)
      equal += end.numbers.filter((hash, i) => hash === whole.numbers[i]).length
      sweeps++
      onProgress(
        `${killed.worker + killed.sweep} of ${kills} kills, ${equal} of ${grid.seed.length * sweeps} runs equal`,
      )
    }
    const runs = grid.seed.length * sweeps
    const seconds = (performance.now() - began) / 1000
    return { killedWorkers: killed.worker, killedSweeps: killed.sweep, sweeps, runs, equal, seconds }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Starts of a killed sweep after which it counts as stuck. */
const MOST_STARTS = 100

/** Trains a sweep to its end while it is killed. */
async function underFire(
  request: SweepRequest,
  random: Random,
  sweepEvery: number,
  killed: { worker: number; sweep: number },
  kills: number,
): Promise<SweepEnd> {
  const inARow = new Map<string, number>()
  for (let start = 0; start < MOST_STARTS; start++) {
    const timers: NodeJS.Timeout[] = []
    const sweep = startSweep(request, 1, (pid, run) => {
      const before = inARow.get(run) ?? 0
      if (before >= 2) {
        inARow.delete(run)
        return
      }
      inARow.set(run, before + 1)
      timers.push(
        setTimeout(() => {
          if (killed.worker + killed.sweep >= kills) return
          const isSweep = random.int(sweepEvery) === 0
          if (!kill(isSweep ? sweep.pid : pid)) return
          if (isSweep) killed.sweep++
          else killed.worker++
        }, random.int(LONGEST)),
      )
    })
    const end = await sweep.ended
    for (const timer of timers) clearTimeout(timer)
    if (end?.complete) return end
    const [failure] = end?.failures ?? []
    if (failure !== undefined) throw new UserError({ where: 'bench kills', expected: 'no failed run', found: failure })
    // Workers of a killed sweep save and end; a run is free then.
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
  throw new UserError({ where: 'bench kills', expected: 'a sweep that ends', found: `none in ${MOST_STARTS} starts` })
}

/** Returns whether the process was there. */
function kill(pid: number): boolean {
  try {
    process.kill(pid, 'SIGKILL')
    return true
  } catch {
    return false
  }
}
