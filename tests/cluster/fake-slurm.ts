import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, beforeEach } from 'node:test'
import type { SweepPlan } from '../../lib/experiment/sweep/plan.js'
import { planSweep } from '../../lib/experiment/sweep/plan-sweep.js'
import { type Dataset, sudoku } from '../../lib/index.js'

/** Programs in the place of Slurm's, in a folder of a test file. */
export interface FakeSlurm {
  readonly folder: string
  /** Folder of the programs, the first of PATH. */
  readonly programs: string
  data(): Dataset
  /** Makes a program that notes how it is called and does what a shell says. */
  fake(name: string, does: string): void
  /** Returns the calls of the current test. */
  called(): string[]
  /** Takes every job, and numbers them from 70. */
  willing(): void
  /** Returns a stored plan of so many seeds. */
  planned(name: string, seeds: number): Promise<SweepPlan>
}

export const base = { hidden: 16, T: 1, n: 1, K: 2, batch: 8, trainSteps: 20, evalBatch: 10 }

/** Puts programs in the place of Slurm's for the tests of a file. */
export function fakeSlurm(): FakeSlurm {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-submit-'))
  const programs = path.join(folder, 'bin')
  const calls = path.join(folder, 'calls')
  const { PATH } = process.env
  let data: Dataset
  const fake: FakeSlurm['fake'] = (name, does) => {
    const file = path.join(programs, name)
    writeFileSync(file, `#!/bin/sh\necho "${name} $*" >>'${calls}'\n${does}\n`)
    chmodSync(file, 0o755)
  }
  before(async () => {
    mkdirSync(programs)
    // A shell has to be found; the commands of a Slurm that is installed here must not be.
    process.env.PATH = `${programs}:/bin`
    for (const name of ['sbatch', 'squeue', 'scancel', 'scontrol', 'srun'])
      if (existsSync(path.join('/bin', name))) fake(name, 'exit 1')
    data = await sudoku({ box: [2, 2], clues: 6, train: 30, test: 10, seed: 3 })
  })
  beforeEach(() => writeFileSync(calls, ''))
  after(() => {
    process.env.PATH = PATH
    rmSync(folder, { recursive: true, force: true })
  })
  return {
    folder,
    programs,
    fake,
    data: () => data,
    called: () => readFileSync(calls, 'utf8').trim().split('\n').filter(Boolean),
    willing() {
      const count = path.join(folder, 'count')
      writeFileSync(count, '69')
      fake('sbatch', `n=$(($(cat '${count}') + 1)); echo $n >'${count}'; echo $n`)
      fake('squeue', 'exit 0')
      fake('scancel', 'exit 0')
    },
    async planned(name, seeds) {
      const grid = { seed: Array.from({ length: seeds }, (_, i) => i) }
      const { plan, store } = await planSweep(base, grid, data, { resultsDir: path.join(folder, name) })
      store()
      return plan
    },
  }
}
