import path from 'node:path'
import { type Table, tableToIPC } from 'apache-arrow'
import { type Row, rowsOfTable, tableOfRows } from '../files/arrow-rows.js'
import { sha256, writeFileAtomic } from '../files/atomic.js'
import { FILES } from './layout.js'
import { thisProcess } from './owner.js'
import { type RunRecord, readEvaluations, readMetrics } from './record.js'
import { type RunState, type RunStatus, writeStatus } from './status.js'

/** One row of metrics or of an evaluation: the step it belongs to, and numbers by name. */
export type LogRow = Row & { readonly step: number }

/** A run while its one process writes it. */
export interface RunWriter {
  readonly id: string
  readonly dir: string
  /** Keeps a row of metrics in memory until the next flush. */
  logMetrics(row: LogRow): void
  /** Keeps the row of an evaluation and flushes. */
  logEvaluation(row: LogRow): void
  /** Writes what became of every test puzzle in the last evaluation to `outcomes.arrow`. @throws UserError when it cannot be written. */
  writeOutcomes(table: Table): void
  /** Writes all rows so far to `metrics.arrow` and `evaluations.arrow`. @throws UserError when they cannot be written. */
  flush(): void
  /** Notes that a checkpoint of this step is in place. */
  noteCheckpoint(step: number): void
  /**
   * Flushes and notes how the run ended. With `failed` nothing is thrown, even if the disk is full:
   * the failure that led here is the one to report.
   */
  finish(state: Exclude<RunState, 'running'>, message?: string): void
}

const ROW_FILES = [FILES.metrics, FILES.evaluations] as const
type RowFile = (typeof ROW_FILES)[number]

/** Begins to write into a run's folder whose `status.json` is `status`, from these rows on. */
export function openWriter(
  { id, dir }: Pick<RunRecord, 'id' | 'dir'>,
  status: RunStatus,
  rows: Record<RowFile, LogRow[]>,
): RunWriter {
  const update = (changes: Partial<RunStatus>): void => {
    const next = { ...status, ...changes, updated: new Date().toISOString() }
    writeStatus(dir, next)
    status = next
  }
  const log = (file: RowFile, row: LogRow): void => {
    if (status.state !== 'running') throw new Error(`run ${id} is ${status.state}: nothing more can be logged`)
    const last = rows[file].at(-1)?.step ?? 0
    if (!Number.isInteger(row.step) || row.step < last) throw new RangeError(`step ${row.step} logged after ${last}`)
    rows[file].push(withoutNulls(row))
    status = { ...status, step: Math.max(status.step, row.step) }
  }
  /** What each file on disk may be by now: more than one where a write failed half-way. */
  const possible = {
    [FILES.metrics]: status.files[FILES.metrics],
    [FILES.evaluations]: status.files[FILES.evaluations],
  }
  const flush = (): void => {
    const changed = ROW_FILES.flatMap((name) => {
      const { bytes, checksum } = rowBytes(rows[name])
      return possible[name].length === 1 && possible[name][0] === checksum ? [] : [{ name, bytes, checksum }]
    })
    if (changed.length === 0) return
    // Old and new checksum are right while the files are replaced: a kill in between leaves nothing that looks damaged.
    for (const { name, checksum } of changed) possible[name] = [...new Set([...possible[name], checksum])]
    update({ files: { ...status.files, ...possible } })
    for (const { name, bytes, checksum } of changed) {
      writeFileAtomic(path.join(dir, name), bytes)
      possible[name] = [checksum]
    }
    update({ files: { ...status.files, ...possible } })
  }
  const end = (state: RunState, message: string | null): void => {
    try {
      flush()
    } finally {
      update({ state, message })
    }
  }
  return {
    id,
    dir,
    logMetrics: (row) => log(FILES.metrics, row),
    logEvaluation: (row) => {
      log(FILES.evaluations, row)
      flush()
    },
    flush,
    writeOutcomes: (table) => {
      const bytes = tableToIPC(table, 'file')
      const checksum = sha256(bytes)
      // As with the rows: while the file is replaced, old and new are both right.
      update({ files: { ...status.files, [FILES.outcomes]: [...(status.files[FILES.outcomes] ?? []), checksum] } })
      writeFileAtomic(path.join(dir, FILES.outcomes), bytes)
      update({ files: { ...status.files, [FILES.outcomes]: [checksum] } })
    },
    noteCheckpoint: (step) => update({ checkpoint: step }),
    finish: (state, message) => {
      try {
        end(state, message ?? null)
      } catch (error) {
        if (state !== 'failed') throw error
      }
    },
  }
}

/** Puts the files of rows and the status of a new run into its folder. */
export function writeNewRun(dir: string, status: RunStatus): RunStatus {
  const { bytes, checksum } = rowBytes([])
  for (const name of ROW_FILES) writeFileAtomic(path.join(dir, name), bytes)
  const complete = { ...status, files: { [FILES.metrics]: [checksum], [FILES.evaluations]: [checksum] } }
  writeStatus(dir, complete)
  return complete
}

function rowBytes(rows: readonly LogRow[]): { bytes: Uint8Array; checksum: string } {
  const bytes = tableToIPC(tableOfRows(rows, ['step']), 'file')
  return { bytes, checksum: sha256(bytes) }
}

/** A column that a row does not have and one that is null are the same in the file; so they are in memory. */
function withoutNulls(row: Row): LogRow {
  return Object.fromEntries(Object.entries(row).filter(([, cell]) => cell !== null)) as LogRow
}

/** The rows of a stored run up to a step: what a resumed run begins with. */
export function rowsUpTo(run: Pick<RunRecord, 'dir'>, step: number): Record<RowFile, LogRow[]> {
  const kept = (rows: Row[]): LogRow[] =>
    rows.flatMap((row) => (typeof row.step === 'number' && row.step <= step ? [withoutNulls(row)] : []))
  return {
    [FILES.metrics]: kept(rowsOfTable(readMetrics(run))),
    [FILES.evaluations]: kept(rowsOfTable(readEvaluations(run))),
  }
}

/** The status of a run that begins now. */
export function newStatus(steps: number | null, parameters: number | null): RunStatus {
  const now = new Date().toISOString()
  return {
    formatVersion: 1,
    state: 'running',
    step: 0,
    steps,
    parameters,
    checkpoint: null,
    started: now,
    updated: now,
    message: null,
    owner: thisProcess(),
    files: { [FILES.metrics]: [], [FILES.evaluations]: [] },
  }
}
