import path from 'node:path'
import { UserError } from '../../errors.js'
import { checkFormatVersion } from '../../files/format-version.js'
import { readJson, writeJson } from '../../files/json.js'
import { fileOperations as fs } from '../../files/operations.js'
import type { SweepPlan } from './plan.js'

/** Format version of a file in `failures`. */
const FORMAT_VERSION = 1

/**
 * Stores the reason why a planned run failed, in `failures/RUN.json` beside the plan: a run that fails before its folder
 * exists has no record of its own.
 */
export function storeFailure({ dir }: Pick<SweepPlan, 'dir'>, run: string, message: string): void {
  writeJson(fileOf(dir, run), { formatVersion: FORMAT_VERSION, run, message, at: new Date().toISOString() })
}

/** Returns the reasons of failed runs by ID. */
export function storedFailures({ dir }: Pick<SweepPlan, 'dir'>): Map<string, string> {
  const folder = path.join(dir, 'failures')
  if (!fs.existsSync(folder)) return new Map()
  const names = fs.readdirSync(folder).filter((name) => name.endsWith('.json') && !name.startsWith('.'))
  return new Map(names.map((name) => [path.basename(name, '.json'), reasonIn(path.join(folder, name))]))
}

/** Forgets that a run failed. */
export function forgetFailure({ dir }: Pick<SweepPlan, 'dir'>, run: string): void {
  fs.rmSync(fileOf(dir, run), { force: true })
}

/** Returns the reason of a failure with the run's ID, as a sentence. */
export function failedText(run: string, reason: string | null): string {
  const said = reason ?? `run ${run} failed`
  return `${said.includes(run) ? '' : `run ${run} failed: `}${said}${said.endsWith('.') ? '' : '.'}`
}

function reasonIn(file: string): string {
  try {
    const json = readJson(file)
    checkFormatVersion(json, file, 'the failure of a run', FORMAT_VERSION)
    return String(json.message)
  } catch (error) {
    if (error instanceof UserError) return error.message
    throw error
  }
}

function fileOf(dir: string, run: string): string {
  return path.join(dir, 'failures', `${run}.json`)
}
