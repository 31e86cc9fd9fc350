import path from 'node:path'
import { writeJson } from '../../files/json.js'
import { fileOperations as fs } from '../../files/operations.js'
import { refused } from '../../files/system-errors.js'
import type { SweepPlan } from './plan.js'

/** Format version of `cancelled.json`. */
const FORMAT_VERSION = 1

/**
 * Asks every process that works on a sweep, on any machine, to save and stop: they look for `cancelled.json` beside the plan
 * every {@link LOOK_MS} milliseconds.
 */
export function cancelSweep({ dir }: Pick<SweepPlan, 'dir'>): void {
  writeJson(fileOf(dir), { formatVersion: FORMAT_VERSION, at: new Date().toISOString() })
}

/**
 * Withdraws {@link cancelSweep}: the sweep goes on when it is started again.
 *
 * @throws UserError when the folder of the plan cannot be written.
 */
export function uncancelSweep(plan: Pick<SweepPlan, 'dir'>): void {
  if (!isCancelled(plan)) return
  try {
    fs.rmSync(fileOf(plan.dir), { force: true })
  } catch (error) {
    throw refused(plan.dir, 'a folder that can be written to', 'write', error)
  }
}

/** Returns whether a sweep is cancelled. */
export function isCancelled({ dir }: Pick<SweepPlan, 'dir'>): boolean {
  return fs.existsSync(fileOf(dir))
}

/** Milliseconds between looks for `cancelled.json`. */
const LOOK_MS = 2000

/** Calls back once when a sweep is cancelled. @returns ends the looking */
export function whenCancelled(plan: Pick<SweepPlan, 'dir'>, callback: () => void): () => void {
  const timer = setInterval(() => {
    if (!isCancelled(plan)) return
    clearInterval(timer)
    callback()
  }, LOOK_MS)
  timer.unref()
  return () => clearInterval(timer)
}

function fileOf(dir: string): string {
  return path.join(dir, 'cancelled.json')
}
