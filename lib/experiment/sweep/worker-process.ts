import { type ChildProcess, spawn } from 'node:child_process'
import path from 'node:path'
import { IN_NOTEBOOK, projectFolder } from '../../files/places.js'
import type { SweepPlan } from './plan.js'

/** Starts the command `recurlab sweep work`, which outlives a notebook cell until it has saved. */
export function startWorker({ dir }: Pick<SweepPlan, 'dir'>, threads: number): ChildProcess {
  const command = path.join(projectFolder, 'lib', 'cli', 'recurlab.mjs')
  return spawn(process.execPath, [command, 'sweep', 'work', dir], {
    // Paths of data sets in the plan are relative to the home folder of records.
    cwd: process.env[IN_NOTEBOOK] === '1' ? projectFolder : process.cwd(),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // Metrics may be NaN.
    serialization: 'advanced',
    env: { ...process.env, RECURLAB_THREADS: String(threads) },
    // A Ctrl-C in the terminal, or a stop of the cell, reaches the parent alone.
    detached: true,
  })
}
