import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { UserError } from '../errors.js'
import { makeFolder, removeLeftovers, systemReason } from '../files/atomic.js'
import { readJson, writeJson } from '../files/json.js'
import { fileOperations as fs } from '../files/operations.js'
import { DEFAULT_RESULTS, FILES, runsFolder } from './layout.js'
import { isAlive, thisProcess } from './owner.js'
import type { RunRecord } from './record.js'
import { readStatus, writeStatus } from './status.js'
import { newStatus, openWriter, type RunWriter, rowsUpTo, writeNewRun } from './writer.js'

/** What a new run is made of. */
export interface NewRun {
  /** Folder that holds `runs`; default `results`. */
  readonly resultsDir?: string
  /** Everything that decides what is computed. */
  readonly config: object
  /** Where and out of what it is computed; see `collectProvenance`. */
  readonly provenance: object
  /** The readable part of the ID. Default: the configuration's `preset`, else its `model`, else `run`. */
  readonly name?: string
  /** Length of the run in steps. */
  readonly steps?: number
  /** Trainable numbers of the model. */
  readonly parameters?: number
}

/**
 * Makes the folder of a new run, `RESULTS/runs/YYYYMMDD-HHMMSS-NAME-XXXX` (UTC; four random hexadecimal digits), and opens it
 * for writing. The folder appears whole or not at all.
 *
 * @throws UserError when the results folder cannot be written to.
 */
export function createRun(run: NewRun): RunWriter {
  const folder = runsFolder(run.resultsDir ?? DEFAULT_RESULTS)
  makeFolder(folder)
  for (;;) {
    const id = newId(run, new Date())
    const dir = path.join(folder, id)
    const unborn = path.join(folder, `.${id}`)
    let made = false
    try {
      fs.mkdirSync(unborn)
      made = true
      writeJson(path.join(unborn, FILES.config), run.config)
      writeJson(path.join(unborn, FILES.provenance), run.provenance)
      const status = writeNewRun(unborn, newStatus(run.steps ?? null, run.parameters ?? null))
      fs.renameSync(unborn, dir)
      return openWriter({ id, dir }, status, { [FILES.metrics]: [], [FILES.evaluations]: [] })
    } catch (error) {
      if (made) removeFolder(unborn)
      // Another process drew the same ID in the same second: the next draw will differ.
      if (['EEXIST', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) continue
      if (error instanceof UserError) throw error
      throw new UserError(
        {
          where: folder,
          expected: 'a folder that can be written to',
          found: systemReason(error),
          todo: 'Check permissions and free space, or choose another folder with out=DIR.',
        },
        { cause: error },
      )
    }
  }
}

/**
 * Opens a stored run to go on after `step`: rows logged later than that are dropped, as they are going to be computed again.
 *
 * @param provenance Where it goes on; kept under `resumed` beside where it began.
 * @throws UserError when another process still writes the run, or the folder cannot be written to.
 */
export function resumeRun(run: RunRecord, step: number, provenance: object = {}): RunWriter {
  const status = readStatus(run.dir)
  const self = thisProcess()
  const isOther = status.owner.pid !== self.pid || status.owner.host !== self.host
  if (status.state === 'running' && isOther && isAlive(status.owner))
    throw new UserError({
      where: run.dir,
      expected: 'a run that nobody writes',
      found: `one that process ${status.owner.pid} is at work on${status.owner.host === self.host ? '' : ' on another machine'}`,
      todo: 'Wait for it, or stop it; if that machine is gone, set "state" in status.json to "interrupted".',
    })
  removeLeftovers(run.dir)
  const rows = rowsUpTo(run, step)
  const file = path.join(run.dir, FILES.provenance)
  const began = readJson(file)
  const earlier = Array.isArray(began.resumed) ? began.resumed : []
  writeJson(file, { ...began, resumed: [...earlier, { step, ...provenance }] })
  const now = new Date().toISOString()
  const next = { ...status, state: 'running' as const, step, message: null, owner: self, updated: now }
  writeStatus(run.dir, next)
  return openWriter(run, next, rows)
}

function newId({ name, config }: NewRun, now: Date): string {
  const { preset, model } = config as { preset?: unknown; model?: unknown }
  const label = [name, preset, model].find((text) => typeof text === 'string' && slug(text) !== '') ?? 'run'
  const [date, time] = now
    .toISOString()
    .replace(/[-:]|\.\d+Z/g, '')
    .split('T')
  return `${date}-${time}-${slug(String(label))}-${randomBytes(2).toString('hex')}`
}

/** Letters, digits and dashes, at most 40. */
function slug(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 40)
}

function removeFolder(folder: string): void {
  try {
    fs.rmSync(folder, { recursive: true, force: true })
  } catch {
    // The failure that led here is the one to report; folders that begin with a dot are no runs.
  }
}
