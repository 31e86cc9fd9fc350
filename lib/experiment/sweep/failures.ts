import path from 'node:path'
import { UserError } from '../../errors.js'
import { fileOperations as fs } from '../../files/operations.js'
import { readSealedJson, type SealedFormat, writeSealedJson } from '../../files/sealed-json.js'
import type { SweepPlan } from './plan.js'

const FORMAT: SealedFormat = {
  what: 'the failure of a run',
  version: 2,
  todo: 'recurlab sweep retry removes it, and the run is trained again.',
}

/**
 * Stores the reason why a planned run failed, in `failures/RUN.json` beside the plan: a run that fails before its folder
 * exists has no record of its own.
 */
export function storeFailure({ dir }: Pick<SweepPlan, 'dir'>, run: string, message: string): void {
  writeSealedJson(fileOf(dir, run), FORMAT, { run, message, at: new Date().toISOString() })
}

/** Returns the reasons of failed runs by ID. */
export function storedFailures({ dir }: Pick<SweepPlan, 'dir'>): Map<string, string> {
  const folder = path.join(dir, 'failures')
  if (!fs.existsSync(folder)) return new Map()
  const names = fs.readdirSync(folder).filter((name) => name.endsWith('.json') && !name.startsWith('.'))
  return new Map(names.map((name) => [path.basename(name, '.json'), reasonIn(dir, path.basename(name, '.json'))]))
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

/** Returns the stored reason of a failed run. @throws UserError when its file is damaged, or another run's. */
export function readFailure(dir: string, run: string): string {
  const file = fileOf(dir, run)
  const { run: of, message } = readSealedJson(file, FORMAT)
  if (of === run) return String(message)
  throw new UserError({ where: file, expected: FORMAT.what, found: `that of ${String(of)}`, todo: FORMAT.todo })
}

function reasonIn(dir: string, run: string): string {
  try {
    return readFailure(dir, run)
  } catch (error) {
    if (error instanceof UserError) return error.message
    throw error
  }
}

function fileOf(dir: string, run: string): string {
  return path.join(dir, 'failures', `${run}.json`)
}
