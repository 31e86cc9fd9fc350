import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { recordedConfig } from '../config/recorded.js'
import { flattenGroups } from '../config/resolved.js'
import { UserError } from '../errors.js'
import type { Extent } from '../files/arrow.js'
import { type ArrowScan, decodeBatch, scanArrow } from '../files/arrow-scan.js'
import { differingHashes } from '../files/hash-text.js'
import type { Inspection } from '../files/inspection.js'
import { isJsonObject, type JsonObject } from '../files/json.js'
import { fileOperations as fs } from '../files/operations.js'
import { type OpenFile, withOpenFile } from '../files/pieces.js'
import { type SafetensorsScan, scanSafetensors } from '../files/safetensors-scan.js'
import { checkShapes } from '../interop/weights-file.js'
import { checkConfig, checkpointState } from './checkpoint.js'
import { readLabel } from './label.js'
import { checkpointFile, FILES } from './layout.js'
import { isAtWork } from './lease.js'
import { readSealed } from './record.js'
import { type RunStatus, readStatus } from './status.js'

/** The facts of an inspected run that others refer to. */
export interface InspectedRun {
  /** Whether a process writes it; only what was complete is inspected then. */
  readonly isAtWork: boolean
  /** Hash of its data set, and the configuration's key `data`; null where they are not known. */
  readonly dataHash: string | null
  readonly data: string | null
  readonly config: Readonly<Record<string, unknown>> | null
  readonly rows: number | null
}

/** Times that a run is inspected again because it advanced in between. */
const AGAIN = 3

/**
 * Inspects a run: every checksum of `status.json`, the batches and steps of its tables, and each checkpoint's seal, numbers,
 * shapes and configuration. Files are read a megabyte at a time.
 *
 * @param begin makes the inspection: another one each time that the run advances under it
 */
export function inspectRun(dir: string, begin: () => Inspection): { found: InspectedRun; inspection: Inspection } {
  for (let attempt = 0; ; attempt++) {
    const inspection = begin()
    const before = updatedAt(dir)
    const found = inspectOnce(dir, inspection)
    // A file that a process replaces meanwhile looks like a fault.
    const hasAdvanced = found.isAtWork || isAtWork(dir) || updatedAt(dir) !== before
    if (inspection.faults.length === 0 || !hasAdvanced || attempt === AGAIN) return { found, inspection }
  }
}

function updatedAt(dir: string): number {
  try {
    return fs.statSync(path.join(dir, FILES.status)).mtimeMs
  } catch {
    return 0
  }
}

function inspectOnce(dir: string, inspection: Inspection): InspectedRun {
  const working = isAtWork(dir)
  const status = inspection.attempt(() => readStatus(dir))
  const unknown = { isAtWork: working, dataHash: null, data: null, config: null, rows: null }
  if (!status) return unknown
  const sealed = (name: typeof FILES.config | typeof FILES.provenance): JsonObject | undefined =>
    inspection.attempt(() => {
      const file = path.join(dir, name)
      inspection.read(fs.existsSync(file) ? fs.statSync(file).size : 0)
      return readSealed(file, status.files[name])
    })
  const record = sealed(FILES.config)
  const config = record && inspection.attempt(() => flattenGroups(recordedConfig(record, FILES.config).resolved))
  const provenance = sealed(FILES.provenance)
  inspection.attempt(() => readLabel({ dir, status }))
  for (const [name, checksums] of Object.entries(status.diffs))
    inspection.attempt(() => checkDiff(path.join(dir, name), checksums, inspection))
  const steps = [FILES.metrics, FILES.evaluations].map((name) =>
    inspection.attempt(() =>
      inspectTable(path.join(dir, name), status.files[name as typeof FILES.metrics], inspection),
    ),
  )
  checkLastStep(dir, status, steps, inspection)
  const outcomes = status.files[FILES.outcomes]
  if (outcomes) inspection.attempt(() => inspectOutcomes(path.join(dir, FILES.outcomes), outcomes, inspection))
  for (const step of new Set(status.checkpoints.map((one) => one.step)))
    inspection.attempt(() => inspectCheckpoint(dir, step, status, config ?? null, inspection))
  const { dataHash } = provenance ?? {}
  return {
    isAtWork: working,
    dataHash: typeof dataHash === 'string' ? dataHash : null,
    data: typeof config?.data === 'string' ? config.data : null,
    config: config ?? null,
    rows: steps[0]?.rows ?? null,
  }
}

/** Checks the stored differences of the code. @throws UserError when they are not those of the run */
function checkDiff(file: string, checksums: readonly string[], { read }: Inspection): void {
  const found = withOpenFile(file, read, (open) => open.sha256())
  if (checksums.includes(found)) return
  const [expected, other] = differingHashes(checksums.at(-1)!, found)
  throw new UserError({
    where: file,
    expected: `the differences of the run's code (SHA-256 ${expected})`,
    found: `other ones (${other})`,
    todo: 'The file is damaged or was changed: copy it again.',
  })
}

interface Steps {
  readonly rows: number
  /** Last step; null for a table without rows, or one too large to decode. */
  readonly last: number | null
}

/** Inspects a table that grows: the checksum of its complete part, its batches, and that its steps ascend. */
function inspectTable(file: string, extents: readonly Extent[], inspection: Inspection): Steps {
  return withOpenFile(file, inspection.read, (open) => {
    const complete = extents.find(({ bytes, checksum }) => bytes <= open.size && open.sha256(bytes) === checksum)
    if (!complete) throw otherContent(open, extents)
    return stepsOf(open, scanArrow(open, complete.bytes))
  })
}

function otherContent(open: OpenFile, extents: readonly Extent[]): UserError {
  const wanted = extents.at(-1)!
  const isShort = extents.every(({ bytes }) => bytes > open.size)
  return new UserError({
    where: open.file,
    expected: `SHA-256 ${wanted.checksum} of the first ${wanted.bytes} bytes`,
    found: isShort ? `a file of ${open.size} bytes` : open.sha256(wanted.bytes),
    todo: 'The file is damaged or was changed: copy it again.',
  })
}

function stepsOf(open: OpenFile, scan: ArrowScan): Steps {
  let last: number | null = null
  for (const batch of scan.batches) {
    const table = decodeBatch(open, scan.schema, batch)
    if (!table) return { rows: scan.rows, last: null }
    for (const step of (table.getChild('step') ?? []) as Iterable<unknown>) {
      if (typeof step !== 'number' || step < (last ?? 0))
        throw new UserError({ where: open.file, expected: 'steps that ascend', found: `${step} after ${last}` })
      last = step
    }
  }
  return { rows: scan.rows, last }
}

/** Checks that the tables of a finished run reach the step that its status names. */
function checkLastStep(
  dir: string,
  status: RunStatus,
  tables: readonly (Steps | undefined)[],
  inspection: Inspection,
): void {
  if (status.state !== 'finished' || tables.some((table) => !table || (table.rows > 0 && table.last === null))) return
  const last = Math.max(0, ...tables.map((table) => table?.last ?? 0))
  if (last !== status.step)
    inspection.add({
      where: path.join(dir, FILES.metrics),
      expected: `rows up to step ${status.step}, as ${FILES.status} says`,
      found: `rows up to step ${last}`,
    })
}

function inspectOutcomes(file: string, checksums: readonly string[], inspection: Inspection): void {
  withOpenFile(file, inspection.read, (open) => {
    const found = open.sha256()
    if (!checksums.includes(found)) {
      const [expected, other] = differingHashes(checksums.at(-1)!, found)
      throw new UserError({
        where: file,
        expected: `SHA-256 ${expected}`,
        found: other,
        todo: 'The file is damaged or was changed: copy it again, or recurlab eval RUN outcomes=FILE.arrow makes another.',
      })
    }
    const scan = scanArrow(open)
    for (const batch of scan.batches) decodeBatch(open, scan.schema, batch)
  })
}

/** Inspects a checkpoint of a run. @throws UserError naming what is wrong with it */
function inspectCheckpoint(
  dir: string,
  step: number,
  { checkpoints }: RunStatus,
  config: Readonly<Record<string, unknown>> | null,
  inspection: Inspection,
): void {
  const file = path.join(dir, checkpointFile(step))
  const scan = scanSafetensors(file, inspection.read)
  const own = checkpoints.flatMap((one) => (one.step === step ? [one.checksum] : []))
  if (scan.seal === null)
    throw new UserError({ where: file, expected: 'a sealed checkpoint', found: 'one without a seal' })
  if (!own.includes(scan.seal)) {
    const [expected, found] = differingHashes(own.at(-1)!, scan.seal)
    throw new UserError({
      where: file,
      expected: `the run's own checkpoint (SHA-256 ${expected})`,
      found: `another one (${found})`,
      todo: "Put the run's own file back.",
    })
  }
  const state = checkpointState(scan.metadata, file)
  if (state.step !== step)
    throw new UserError({ where: file, expected: `the state of step ${step}`, found: `that of step ${state.step}` })
  if (scan.notFinite !== null)
    throw new UserError({
      where: `${file}, tensor ${scan.notFinite}`,
      expected: 'finite numbers',
      found: 'NaN or infinity',
      todo: 'Training diverged before it was saved: use an earlier checkpoint.',
    })
  if (config) checkConfig(dir, scan.metadata.config)
  checkTensorShapes(file, scan)
}

/** Prefixes of the tensors of a checkpoint that belong to training; those of moments have the shapes of weights. */
const PREFIXES = ['ema/', 'adam.m/', 'adam.v/']

/** Checks weights by the shapes of their configuration, and averages and moments by those of the weights. */
function checkTensorShapes(file: string, { tensors, metadata }: SafetensorsScan): void {
  const shapes = new Map(tensors.map((tensor) => [tensor.name, tensor]))
  const weights = new Map([...shapes].filter(([name]) => !name.includes('/')))
  const config: unknown = JSON.parse(metadata.config ?? 'null')
  if (isJsonObject(config)) checkShapes(file, config, weights)
  for (const { name, shape } of tensors) {
    const prefix = PREFIXES.find((each) => name.startsWith(each))
    const of = prefix === undefined ? undefined : weights.get(name.slice(prefix.length))
    if (prefix !== undefined && !isDeepStrictEqual(of?.shape, shape))
      throw new UserError({
        where: `${file}, tensor ${name}`,
        expected: of ? `shape [${of.shape.join(', ')}], as the weights have` : 'a tensor of the weights',
        found: `[${shape.join(', ')}]`,
      })
  }
}
