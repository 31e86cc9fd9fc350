import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { type Table, tableToIPC } from 'apache-arrow'
import { type RecordedConfig, recordText } from '../config/recorded.js'
import { type Row, rowsOfTable } from '../files/arrow-rows.js'
import { sha256 } from '../files/atomic.js'
import { jsonText } from '../files/json.js'
import { fileOperations as fs } from '../files/operations.js'
import { FlushTimer } from './flush-timer.js'
import { keptCheckpoints } from './kept.js'
import { checkpointFile, codeFrom, FILES, isCheckpointFile } from './layout.js'
import type { Lease } from './lease.js'
import { type RunRecord, readEvaluations, readMetrics } from './record.js'
import { extentOf, type LogRow, RowLog, sealedRows } from './row-log.js'
import { writeRunFile } from './run-file.js'
import { type EndReason, FORMAT_VERSION, type RunState, type RunStatus, writeStatus } from './status.js'

export type { LogRow }

/** A run opened for writing by this process. */
export interface RunWriter {
  readonly id: string
  readonly dir: string
  readonly config: Readonly<Record<string, unknown>>
  readonly provenance: Readonly<Record<string, unknown>>
  /** Rows of metrics so far, those before a resumption included. */
  readonly metrics: readonly LogRow[]
  /** Rows of evaluations so far. */
  readonly evaluations: readonly LogRow[]
  /** Buffers a row of metrics until the next flush. */
  logMetrics(row: LogRow): void
  /** Appends the row of an evaluation, or the rows of both sets of weights, and flushes. */
  logEvaluation(...rows: readonly LogRow[]): void
  /**
   * Writes the outcome of every test puzzle in the last evaluation to `outcomes.arrow`. @throws UserError when it
   * cannot be written.
   */
  writeOutcomes(table: Table): void
  /**
   * Writes the rows since the last flush to `metrics.arrow` and `evaluations.arrow`, at a cost that does not depend on those
   * before. @throws UserError when they cannot be written.
   */
  flush(): void
  /** Called at the end of each step: flushes if a row would otherwise be only in memory for more than ten seconds. */
  flushWhenDue(): void
  /**
   * Writes the checkpoint of a step, then removes those that are not kept any longer; see `keptCheckpoints`.
   *
   * @param checksum checksum in the file's own metadata
   * @throws UserError when it cannot be written; the checkpoints before it are then kept.
   */
  writeCheckpoint(step: number, pieces: readonly Uint8Array[], checksum: string): void
  /**
   * Makes both tables Arrow files, records the final state and releases the lease, so that other processes may write the run. With `failed`
   * it never throws, not even on a full disk: the original failure is the one to report.
   *
   * @param message reason of a failure, or another remark on the end
   * @param ended what ended a finished run. Default `trainSteps`
   */
  finish(state: Exclude<RunState, 'running'>, message?: string, ended?: EndReason): void
}

const ROW_FILES = [FILES.metrics, FILES.evaluations] as const
type RowFile = (typeof ROW_FILES)[number]

/**
 * Returns a writer for the folder of a run whose `status.json` is `run.status`; it appends to `rows`.
 *
 * @param lease the right to write the run; released by `finish`
 * @param rowsWritten whether the run's tables hold exactly `rows`
 */
export function openWriter(
  run: Pick<RunRecord, 'id' | 'dir' | 'config' | 'provenance' | 'status'>,
  lease: Lease,
  rows: Record<RowFile, LogRow[]>,
  rowsWritten: boolean,
): RunWriter {
  const { id, dir, config, provenance } = run
  let { status } = run
  const update = (changes: Partial<RunStatus>): void => {
    lease.check()
    const next = { ...status, ...changes, updated: new Date().toISOString() }
    writeStatus(dir, next)
    status = next
  }
  const logOf = (name: RowFile): RowLog => new RowLog({ dir, name }, status.files[name], rows[name], rowsWritten)
  const logs = { [FILES.metrics]: logOf(FILES.metrics), [FILES.evaluations]: logOf(FILES.evaluations) }
  const timer = new FlushTimer()
  const log = (file: RowFile, row: LogRow): void => {
    if (status.state !== 'running') throw new Error(`run ${id} is ${status.state}: nothing more can be logged`)
    logs[file].add(row)
    timer.logged()
    status = { ...status, step: Math.max(status.step, row.step) }
  }
  const recordExtents = (): void => {
    const extents = Object.fromEntries(ROW_FILES.map((name) => [name, [...logs[name].extents]]))
    const changed = ROW_FILES.some((name) => !isDeepStrictEqual(extents[name], status.files[name]))
    if (changed) update({ files: { ...status.files, ...extents } })
  }
  const write = (how: 'flush' | 'seal'): void => {
    lease.check()
    for (const name of ROW_FILES) logs[name][how](recordExtents)
    recordExtents()
    timer.flushed()
  }
  const flush = (): void => {
    if (ROW_FILES.some((name) => logs[name].isBehind)) write('flush')
    else recordExtents()
  }
  // Replaces a file; meanwhile its old and its new checksum are both valid.
  const replace = (name: typeof FILES.outcomes, content: Uint8Array, checksum: string): void => {
    const before = status.files[name] ?? []
    update({ files: { ...status.files, [name]: [...new Set([...before, checksum])] } })
    writeRunFile(dir, name, content)
    update({ files: { ...status.files, [name]: [checksum] } })
  }
  const writeCheckpoint = (step: number, pieces: readonly Uint8Array[], checksum: string): void => {
    const others = status.checkpoints.filter((one) => one.step !== step)
    const added = { step, checksum }
    lease.check()
    if (others.length < status.checkpoints.length) update({ checkpoints: byStep([...status.checkpoints, added]) })
    writeRunFile(dir, checkpointFile(step), pieces)
    const all = byStep([...others, added])
    const kept = keptCheckpoints(
      all.map((one) => one.step),
      logs[FILES.evaluations].rows,
      config,
    )
    update({ checkpoint: all.at(-1)!.step, checkpoints: all.filter((one) => kept.has(one.step)) })
    removeOtherCheckpoints(dir, status)
  }
  const end = (state: RunState, message: string | null, ended: EndReason | null): void => {
    try {
      write('seal')
    } finally {
      try {
        update({ state, message, ended })
      } finally {
        // Released even if the state cannot be written: a notebook's kernel lives on, and the run would seem active.
        lease.release()
      }
    }
  }
  return {
    id,
    dir,
    config,
    provenance,
    metrics: logs[FILES.metrics].rows,
    evaluations: logs[FILES.evaluations].rows,
    logMetrics: (row) => log(FILES.metrics, row),
    logEvaluation: (...added) => {
      for (const row of added) log(FILES.evaluations, row)
      flush()
    },
    flush,
    flushWhenDue: () => {
      if (timer.isDue()) flush()
    },
    writeOutcomes: (table) => {
      const bytes = tableToIPC(table, 'file')
      replace(FILES.outcomes, bytes, sha256(bytes))
    },
    writeCheckpoint,
    finish: (state, message, ended = 'trainSteps') => {
      try {
        end(state, message ?? null, state === 'finished' ? ended : null)
      } catch (error) {
        if (state !== 'failed') throw error
      }
    },
  }
}

/** Writes the files of a new run into its folder, the status last. */
export function writeNewRun(
  dir: string,
  { config, provenance, codeDiff, trainSteps, parameters }: NewFiles,
): RunStatus {
  const noRows = sealedRows([])
  const texts = { [FILES.config]: recordText(config), [FILES.provenance]: jsonText(provenance) }
  for (const [name, text] of Object.entries(texts)) writeRunFile(dir, name, text)
  for (const name of ROW_FILES) writeRunFile(dir, name, noRows)
  if (codeDiff) writeRunFile(dir, FILES.codeDiff, codeDiff)
  const now = new Date().toISOString()
  const status: RunStatus = {
    formatVersion: FORMAT_VERSION,
    state: 'running',
    step: 0,
    trainSteps,
    parameters,
    ended: null,
    checkpoint: null,
    checkpoints: [],
    started: now,
    updated: now,
    message: null,
    files: {
      [FILES.config]: [sha256(texts[FILES.config])],
      [FILES.provenance]: [sha256(texts[FILES.provenance])],
      [FILES.metrics]: [extentOf(noRows)],
      [FILES.evaluations]: [extentOf(noRows)],
    },
    diffs: codeDiff ? { [FILES.codeDiff]: [sha256(codeDiff)] } : {},
  }
  writeStatus(dir, status)
  return status
}

function byStep<T extends { readonly step: number }>(checkpoints: readonly T[]): T[] {
  return [...checkpoints].sort((a, b) => a.step - b.step)
}

/** Removes the checkpoints that a run's status does not list; one that cannot be removed goes the next time. */
function removeOtherCheckpoints(dir: string, { checkpoints }: RunStatus): void {
  const kept = new Set(checkpoints.map(({ step }) => checkpointFile(step)))
  try {
    for (const name of fs.readdirSync(dir).filter(isCheckpointFile))
      if (!kept.has(name)) fs.rmSync(path.join(dir, name), { force: true })
  } catch {
    // The run has what it needs.
  }
}

/**
 * Records in the folder of a stored run that it is resumed from `step`, with the new provenance. Checkpoints of later steps,
 * which will be made again, are removed.
 *
 * @param codeDiff uncommitted changes to the code from here on, stored as `code-from-STEP.diff`
 * @returns the new status and provenance
 */
export function writeResumed(
  run: Pick<RunRecord, 'dir' | 'provenance' | 'status'>,
  step: number,
  where: object,
  codeDiff: string | undefined,
): Pick<RunRecord, 'provenance' | 'status'> {
  const earlier = Array.isArray(run.provenance.resumed) ? run.provenance.resumed : []
  const provenance = { ...run.provenance, resumed: [...earlier, { step, ...where }] }
  const text = jsonText(provenance)
  const checksum = sha256(text)
  const { files } = run.status
  const checkpoints = run.status.checkpoints.filter((one) => one.step <= step)
  const begun = {
    state: 'running' as const,
    step,
    ended: null,
    checkpoint: checkpoints.at(-1)?.step ?? null,
    checkpoints,
    message: null,
    updated: new Date().toISOString(),
  }
  const status = { ...run.status, ...begun }
  const diff = codeDiff ? { name: codeFrom(step), text: codeDiff, checksum: sha256(codeDiff) } : null
  const either = (before: readonly string[], after: string): string[] => [...new Set([...before, after])]
  const diffs = (checksums: (before: readonly string[], after: string) => string[]): RunStatus['diffs'] =>
    diff ? { ...status.diffs, [diff.name]: checksums(status.diffs[diff.name] ?? [], diff.checksum) } : status.diffs
  const possible = { ...files, [FILES.provenance]: either(files[FILES.provenance], checksum) }
  writeStatus(run.dir, { ...status, files: possible, diffs: diffs(either) })
  if (diff) writeRunFile(run.dir, diff.name, diff.text)
  writeRunFile(run.dir, FILES.provenance, text)
  const settled = {
    ...status,
    files: { ...files, [FILES.provenance]: [checksum] },
    diffs: diffs((_, after) => [after]),
  }
  writeStatus(run.dir, settled)
  removeOtherCheckpoints(run.dir, settled)
  return { provenance, status: settled }
}

/** Content of the files of a new run. */
interface NewFiles {
  readonly config: RecordedConfig
  readonly provenance: object
  /** Uncommitted changes to the code. */
  readonly codeDiff: string | undefined
  /** Length of the run in steps; null when unknown. */
  readonly trainSteps: number | null
  /** Number of trainable parameters; null when unknown. */
  readonly parameters: number | null
}

/**
 * Returns the rows of a stored run up to a step, with which a resumed run starts. Columns that only later rows fill are
 * kept, empty, for the recomputed rows.
 */
export function rowsUpTo(run: Pick<RunRecord, 'dir'>, step: number): Record<RowFile, LogRow[]> {
  const kept = (rows: Row[]): LogRow[] =>
    rows.flatMap((row) => (typeof row.step === 'number' && row.step <= step ? [{ ...row, step: row.step }] : []))
  return {
    [FILES.metrics]: kept(rowsOfTable(readMetrics(run))),
    [FILES.evaluations]: kept(rowsOfTable(readEvaluations(run))),
  }
}
