import path from 'node:path'
import { UserError } from '../errors.js'
import { rowsOfTable } from '../files/arrow-rows.js'
import { makeFolder, sha256 } from '../files/atomic.js'
import { besideName, putInPlace, removeFolder } from '../files/beside.js'
import { jsonText } from '../files/json.js'
import { fileOperations as fs } from '../files/operations.js'
import { isLabelled, readLabel, writeLabel } from './label.js'
import { FILES, runsFolder } from './layout.js'
import { openRun, type RunRecord, readEvaluations, readMetrics, readOwn } from './record.js'
import { extentOf, type LogRow, sealedRows } from './row-log.js'
import { writeRunFile } from './run-file.js'
import { type RunStatus, runIdentity, writeStatus } from './status.js'

/** Options of {@link publishRun}. */
export interface PublishOptions {
  /** Results folder that the run is copied into. */
  readonly to: string
  /** Keeps the metrics of the first step, the last one, and every multiple of this. Default: 10 */
  readonly metricsEvery?: number | undefined
}

/** A run that was copied. */
export interface PublishedRun {
  readonly id: string
  readonly dir: string
  /** Bytes of its files. */
  readonly bytes: number
  /** Whether the folder had it already. */
  readonly wasThere: boolean
}

/**
 * Copies a finished run into another results folder without its checkpoints: configuration, provenance, differences of the code,
 * label, evaluations, outcomes and thinned metrics. What is read is checked against its checksums. The copy is a run like any
 * other, which can be listed, compared, reported and reproduced; without weights it can be neither resumed nor evaluated again.
 * Absolute paths in the recorded command are shortened to what follows the project's folder.
 *
 * @throws UserError when the run is not finished or damaged, or the folder holds another run of that ID.
 */
export function publishRun(run: RunRecord, { to, metricsEvery = 10 }: PublishOptions): PublishedRun {
  checkFinished(run)
  if (!Number.isInteger(metricsEvery) || metricsEvery < 1)
    throw new UserError({
      where: 'metricsEvery',
      expected: 'a whole number from 1',
      found: String(metricsEvery),
      exitCode: 2,
    })
  const folder = runsFolder(to)
  const dir = path.join(folder, run.id)
  let wasThere = isThere(dir, run)
  if (!wasThere) {
    makeFolder(folder)
    const beside = besideName(path.join(folder, `.${run.id}`))
    try {
      fs.mkdirSync(beside)
      writeCopy(run, beside, metricsEvery)
      // Another process may have published it in between.
      wasThere = !putInPlace(beside, dir, false) && isThere(dir, run)
    } finally {
      removeFolder(beside)
    }
  }
  const bytes = fs.readdirSync(dir).reduce((sum, name) => sum + fs.statSync(path.join(dir, name)).size, 0)
  return { id: run.id, dir, bytes, wasThere }
}

/** Checks that a run is finished. @throws UserError when it is not. */
export function checkFinished({ id, state }: RunRecord): void {
  if (state !== 'finished')
    throw new UserError({
      where: `run ${id}`,
      expected: 'a finished run',
      found: `one that is ${state}`,
      todo: 'recurlab resume goes on with a stopped one.',
    })
}

/** Returns whether a folder holds the run. @throws UserError when it holds another one. */
function isThere(dir: string, run: RunRecord): boolean {
  if (!fs.existsSync(dir)) return false
  if (runIdentity(openRun(dir).status) === runIdentity(run.status)) return true
  throw new UserError({
    where: dir,
    expected: `nothing, or run ${run.id}`,
    found: 'another run of this ID',
    todo: 'Remove it, or publish into another folder.',
  })
}

function writeCopy(run: RunRecord, dir: string, metricsEvery: number): void {
  const metrics = sealedRows(thinned(rowsOfTable(readMetrics(run)) as LogRow[], metricsEvery))
  const evaluations = sealedRows(rowsOfTable(readEvaluations(run)) as LogRow[])
  const provenance = jsonText({ ...run.provenance, ...sharedCommand(run.provenance.command) })
  const { files, diffs } = run.status
  const outcomes = files[FILES.outcomes]
  const copied = { ...diffs, [FILES.config]: files[FILES.config], ...(outcomes ? { [FILES.outcomes]: outcomes } : {}) }
  for (const [name, checksums] of Object.entries(copied))
    writeRunFile(dir, name, readOwn(path.join(run.dir, name), checksums))
  writeRunFile(dir, FILES.provenance, provenance)
  writeRunFile(dir, FILES.metrics, metrics)
  writeRunFile(dir, FILES.evaluations, evaluations)
  const status: RunStatus = {
    ...run.status,
    checkpoint: null,
    checkpoints: [],
    files: {
      ...files,
      [FILES.provenance]: [sha256(provenance)],
      [FILES.metrics]: [extentOf(metrics)],
      [FILES.evaluations]: [extentOf(evaluations)],
    },
  }
  writeStatus(dir, status)
  const label = readLabel(run)
  if (isLabelled(label)) writeLabel({ dir, status }, label)
}

function thinned(rows: readonly LogRow[], every: number): LogRow[] {
  return rows.filter(({ step }, i) => i === 0 || i === rows.length - 1 || step % every === 0)
}

/** Returns the recorded command without the folders of the machine. */
function sharedCommand(command: unknown): { command?: string[] } {
  if (!Array.isArray(command)) return {}
  const words = command.map(String)
  const root = words.map((word) => /^(\/.*\/)lib\//.exec(word)?.[1]).find((found) => found !== undefined)
  const shortened = (word: string): string =>
    root !== undefined && word.startsWith(root) ? word.slice(root.length) : path.basename(word)
  return { command: words.map((word) => (path.isAbsolute(word) ? shortened(word) : word)) }
}
