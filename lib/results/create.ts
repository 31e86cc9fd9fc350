import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { flattenGroups, groupKeys } from '../config/resolved.js'
import { UserError } from '../errors.js'
import { makeFolder } from '../files/atomic.js'
import { besideName, isAbandoned as hasDeadProcess, isTemporary } from '../files/beside.js'
import { removeLeftovers, removeQuietly } from '../files/leftovers.js'
import { checkedId } from '../files/names.js'
import { fileOperations as fs } from '../files/operations.js'
import { FileError, refused, systemCode } from '../files/system-errors.js'
import { isLabelled, type LabelOptions, newLabel, writeLabel } from './label.js'
import { DEFAULT_RESULTS, FILES, runsFolder } from './layout.js'
import { isAbandoned, type Lease, RunInUse, takeLease } from './lease.js'
import { openRun, type RunRecord } from './record.js'
import { readStatus, writeStatus } from './status.js'
import { openWriter, type RunWriter, rowsUpTo, writeNewRun, writeResumed } from './writer.js'

/** Content of a new run. */
export interface NewRun {
  /** Folder that contains `runs`. Default: `results`, in a notebook that of the project. */
  readonly resultsDir?: string
  /** Flat configuration with every effective value; the record groups it (`resolveConfig`). */
  readonly config: object
  /** Keys that were given. Default: those of `config`. */
  readonly asked?: object
  /** Machine, code, data and versions behind the run; see `collectProvenance`. */
  readonly provenance: object
  /** Uncommitted changes to the code, stored as `code.diff`. Default: none. */
  readonly codeDiff?: string
  /** ID of the run, made by {@link newRunId}. Default: a new one. */
  readonly id?: string
  /** Readable part of the ID. Default: the configuration's `preset`, else its `model`, else `run`. */
  readonly name?: string
  /** Length of the run in steps. */
  readonly trainSteps?: number
  /** Number of trainable parameters. */
  readonly parameters?: number
  /** The user's name, note and tags for the run. */
  readonly label?: LabelOptions
}

/**
 * Creates the folder of a new run, `RESULTS/runs/YYYYMMDD-HHMMSS-NAME-XXXX` (UTC; four random hexadecimal digits), and
 * opens it for writing. The folder appears complete or not at all.
 *
 * @throws RunInUse when there is a run of the given ID; UserError when the results folder is not writable, or the label is
 * invalid.
 */
export function createRun(run: NewRun): RunWriter {
  const label = newLabel(run.label ?? {})
  const folder = runsFolder(run.resultsDir ?? DEFAULT_RESULTS)
  makeFolder(folder)
  removeUnborn(folder)
  for (;;) {
    const id = run.id === undefined ? newRunId(run) : checkedId(run.id, `${folder}, ID of the new run`)
    const dir = path.join(folder, id)
    // Several processes may create the run of a given ID: one of them renames its folder first.
    const unborn = besideName(path.join(folder, `.${id}`))
    let made = false
    let lease: Lease | null = null
    try {
      fs.mkdirSync(unborn)
      made = true
      lease = takeLease(unborn, { home: dir })
      const { provenance, codeDiff, trainSteps = null, parameters = null } = run
      const config = { asked: run.asked ?? run.config, resolved: groupKeys(run.config) }
      const status = writeNewRun(unborn, { config, provenance, codeDiff, trainSteps, parameters })
      if (isLabelled(label)) writeLabel({ dir: unborn, status }, label)
      fs.renameSync(unborn, dir)
      const record = {
        id,
        dir,
        status,
        config: flattenGroups(config.resolved),
        asked: config.asked,
        provenance: { ...provenance },
      }
      return openWriter(record, lease, { [FILES.metrics]: [], [FILES.evaluations]: [] }, true)
    } catch (error) {
      lease?.release()
      if (made) {
        removeQuietly(unborn)
        stillborn.add(path.resolve(unborn))
      }
      if (['EEXIST', 'ENOTEMPTY'].includes(systemCode(error))) {
        if (run.id !== undefined) throw existing(dir)
        // Another process drew the same ID in the same second: draw again.
        continue
      }
      // The path of a refused operation is hidden until the run is complete.
      if (error instanceof UserError && !(error instanceof FileError)) throw error
      throw refused(folder, 'a folder that can be written to', 'write', error)
    }
  }
}

/** Options of {@link resumeRun}. */
export interface ResumeRunOptions {
  /** Takes the run from a process on another machine without waiting for its lease to expire. Default: false. */
  readonly force?: boolean
  /** Uncommitted changes to the code from here on, stored as `code-from-STEP.diff`. Default: none. */
  readonly codeDiff?: string
}

/**
 * Opens a stored run for writing after `step` and drops the rows of later steps, which are recomputed. When several
 * processes resume a run at the same time, one succeeds.
 *
 * @param provenance circumstances of the continuation, stored under `resumed` beside those of the start
 * @throws UserError when another process writes the run, the run advanced since `run` was opened, or the folder is not
 * writable.
 */
export function resumeRun(
  run: RunRecord,
  step: number,
  provenance: object = {},
  { force = false, codeDiff }: ResumeRunOptions = {},
): RunWriter {
  const lease = takeLease(run.dir, { force })
  try {
    // Under the lease no other process writes these files.
    const now = openRun(run.dir)
    checkUnchanged(run, now)
    removeLeftovers(run.dir)
    const rows = rowsUpTo(now, step)
    return openWriter({ ...now, ...writeResumed(now, step, provenance, codeDiff) }, lease, rows, false)
  } catch (error) {
    lease.release()
    throw error
  }
}

/**
 * Removes a run that ended before its first checkpoint, so that one of the same ID can be made.
 *
 * @throws RunInUse when another process works on it; UserError when it has a checkpoint.
 */
export function removeUnsaved(run: RunRecord): void {
  const lease = takeLease(run.dir)
  const removed = besideName(path.join(path.dirname(run.dir), `.${run.id}`))
  try {
    const { state, status } = openRun(run.dir)
    if (status.checkpoint !== null || state === 'finished')
      throw new UserError({
        where: run.dir,
        expected: 'a run without a checkpoint',
        found: `step ${status.checkpoint}`,
      })
    fs.renameSync(run.dir, removed)
  } finally {
    lease.release()
  }
  removeQuietly(removed)
}

/**
 * Records a failed run as interrupted, so that it can be resumed.
 *
 * @throws RunInUse when another process works on it; UserError when there is no such run.
 */
export function reopenFailed(id: string, resultsDir: string): void {
  const { dir } = openRun(id, resultsDir)
  const lease = takeLease(dir)
  try {
    const status = readStatus(dir)
    if (status.state === 'failed') writeStatus(dir, { ...status, state: 'interrupted' })
  } finally {
    lease.release()
  }
}

/** Checks that no other process resumed the run after its checkpoint was read here. @throws UserError */
function checkUnchanged(before: RunRecord, now: RunRecord): void {
  const finished = now.status.state === 'finished' && before.status.state !== 'finished'
  const other = now.status.checkpoints.at(-1)?.checksum !== before.status.checkpoints.at(-1)?.checksum
  if (!finished && !other) return
  throw new RunInUse({
    where: now.dir,
    expected: 'a run that no other process is writing',
    found: finished ? 'one that another process has just finished' : 'one that has just been saved again',
    todo: finished ? 'It is complete.' : 'Resume it again.',
  })
}

function existing(dir: string): RunInUse {
  return new RunInUse({
    where: dir,
    expected: 'no such run yet',
    found: 'one that another process has made in the meantime',
    todo: 'It is resumed once that process has stopped.',
  })
}

/**
 * Returns an ID for a new run, `YYYYMMDD-HHMMSS-NAME-XXXX`.
 *
 * @param random bytes in the random part: more for the many runs of one plan. Default: 2
 */
export function newRunId({ name, config }: Pick<NewRun, 'name' | 'config'>, random = 2): string {
  const { preset, model } = config as { preset?: unknown; model?: unknown }
  const label = [name, preset, model].find((text) => typeof text === 'string' && slug(text) !== '') ?? 'run'
  const [date, time] = new Date()
    .toISOString()
    .replace(/[-:]|\.\d+Z/g, '')
    .split('T')
  return `${date}-${time}-${slug(String(label))}-${randomBytes(random).toString('hex')}`
}

/** Reduces a text to at most 40 letters, digits and dashes. */
function slug(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 40)
}

/** Removes the folders of runs whose process ended before they were complete, or while they were removed. */
function removeUnborn(folder: string): void {
  try {
    for (const name of fs.readdirSync(folder))
      if (isTemporary(name)) {
        const unborn = path.join(folder, name)
        // Of a process on another machine only the lease and the clock say whether it lives.
        if (stillborn.has(path.resolve(unborn)) || hasDeadProcess(name, isAbandoned(unborn))) removeQuietly(unborn)
      }
  } catch {
    // They are not listed as runs, and the next run tries again.
  }
}

/** Folders of runs that this process could not make. */
const stillborn = new Set<string>()
