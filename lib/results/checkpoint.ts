import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { bestMetricOf } from '../config/best-metric.js'
import { recordedConfig } from '../config/recorded.js'
import { flattenGroups } from '../config/resolved.js'
import { UserError } from '../errors.js'
import { rowsOfTable } from '../files/arrow-rows.js'
import { readBytes } from '../files/atomic.js'
import { differingHashes } from '../files/hash-text.js'
import { isJsonObject, type JsonObject, parseJson, readJson, shown } from '../files/json.js'
import { fileOperations as fs } from '../files/operations.js'
import { readSafetensors, type StoredTensor, type TensorEntry } from '../files/safetensors.js'
import { carriedSeal, checkSeal, sealedPieces, sealOf } from '../files/sealed.js'
import { systemCode } from '../files/system-errors.js'
import { CHECKPOINT_FORMAT } from '../interop/weights-format.js'
import { bestCheckpoint } from './kept.js'
import { checkpointFile, FILES, isCheckpointFile, stepOfCheckpoint } from './layout.js'
import { type RunRecord, readEvaluations, readMetrics } from './record.js'
import { readStatus } from './status.js'
import type { RunWriter } from './writer.js'

/** Content of a checkpoint, from which training continues bit for bit. */
export interface Checkpoint {
  /** Weights by published name, and `ema/…`, `adam.m/…`, `adam.v/…`, `carry/…`. */
  readonly tensors: Iterable<readonly [string, TensorEntry]>
  /** Remaining state as JSON: generator states, position in the data, the step. */
  readonly state: { readonly step: number } & Readonly<Record<string, unknown>>
}

/** A checkpoint as read from its file. */
export interface LoadedCheckpoint {
  readonly tensors: Map<string, StoredTensor>
  readonly state: { readonly step: number } & JsonObject
  /** Verified SHA-256 from the file's metadata. */
  readonly checksum: string
  /** Says that a newer checkpoint is damaged, if so. */
  readonly notes: readonly string[]
}

/**
 * Saves the whole state of a run as `checkpoint-STEP.safetensors`, after flushing the rows that led to it. The file is
 * written under another name, flushed and renamed, and older ones are removed after that: a kill at any moment leaves a whole
 * checkpoint.
 *
 * @throws UserError when it cannot be written; those before it are then kept.
 */
export function saveCheckpoint(run: RunWriter, { tensors, state }: Checkpoint): void {
  const json = JSON.stringify(state)
  if (!isDeepStrictEqual(JSON.parse(json), state)) throw new TypeError('the state of a checkpoint must survive JSON')
  run.flush()
  const pieces = sealedPieces(tensors, { format: CHECKPOINT_FORMAT, state: json, ...origin(run) })
  run.writeCheckpoint(state.step, pieces, sealOf(pieces))
}

/**
 * Loads the newest checkpoint of a run; its SHA-256 is verified before it is parsed. If it is damaged, the one before is
 * loaded, with a note.
 *
 * @throws UserError when there is none, all are damaged or another run's, or the run's `config.json` disagrees.
 */
export function loadCheckpoint(run: { readonly dir: string }): LoadedCheckpoint {
  const { bytes, checksum, file, notes } = newestIntact(run)
  const { tensors, metadata } = readSafetensors(bytes, file)
  const state = checkpointState(metadata, file)
  checkConfig(run.dir, metadata.config)
  return { tensors, state, checksum, notes }
}

/** A checkpoint whose SHA-256 is verified. */
interface IntactCheckpoint {
  readonly step: number
  readonly file: string
  readonly bytes: Buffer
  readonly checksum: string
}

/**
 * Reads the newest checkpoint of a run; if it is damaged, the one before, with a note.
 *
 * @throws UserError of the newest when there is none, or all are damaged or another run's.
 */
export function newestIntact(run: { readonly dir: string }): IntactCheckpoint & { readonly notes: readonly string[] } {
  twice(() => checkCurrent(run.dir))
  try {
    return { ...twice(() => readIntact(run.dir, newestStep(run.dir))), notes: [] }
  } catch (error) {
    if (!(error instanceof UserError) || mayPass(error)) throw error
    const [newest, ...earlier] = [...new Set(readStatus(run.dir).checkpoints.map(({ step }) => step))].reverse()
    for (const step of earlier) {
      try {
        const intact = readIntact(run.dir, step)
        return { ...intact, notes: [`checkpoint of step ${step} in place of step ${newest}: ${error.message}`] }
      } catch (other) {
        if (!(other instanceof UserError)) throw other
      }
    }
    throw error
  }
}

/** Returns whether a file may be whole although it cannot be read now: going on from an earlier one would lose work. */
function mayPass({ cause }: UserError): boolean {
  return ['EACCES', 'EPERM', 'EMFILE', 'ENFILE', 'ENOMEM'].includes(systemCode(cause))
}

/**
 * Checks that `status.json` is not an older version of itself, e.g. from a backup: with it, an earlier checkpoint would be taken
 * for the newest. A run that was killed while it saved has a checkpoint that its status does not know, but no other table.
 *
 * @throws UserError when there are a newer checkpoint and other rows than the status knows.
 */
function checkCurrent(dir: string): void {
  const last = readStatus(dir).checkpoints.at(-1)?.step ?? -1
  const newer = fs.readdirSync(dir).find((name) => isCheckpointFile(name) && stepOfCheckpoint(name) > last)
  if (newer === undefined) return
  try {
    readMetrics({ dir })
    readEvaluations({ dir })
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    throw new UserError(
      {
        where: path.join(dir, FILES.status),
        expected: 'the newest status of the run',
        found: `an older or damaged one, which does not know ${newer}: ${error.message}`,
        todo: 'Put the newest one back.',
      },
      { cause: error },
    )
  }
}

function readIntact(dir: string, step: number): IntactCheckpoint {
  const own = checksumsOf(dir, step)
  const file = path.join(dir, checkpointFile(step))
  const bytes = readBytes(file)
  const checksum = checkSeal(bytes, file)
  checkOwn(file, checksum, own)
  return { step, file, bytes, checksum }
}

function checksumsOf(dir: string, step: number): string[] {
  return readStatus(dir).checkpoints.flatMap((one) => (one.step === step ? [one.checksum] : []))
}

/** Reads status and file together, again when the run advanced in between. */
function twice<T>(attempt: () => T): T {
  try {
    return attempt()
  } catch {
    return attempt()
  }
}

function newestStep(dir: string): number {
  const { checkpoints, state } = readStatus(dir)
  const newest = checkpoints.at(-1)
  if (newest) return newest.step
  const isPublished = state === 'finished'
  throw new UserError({
    where: dir,
    expected: 'a checkpoint',
    found: `none: the run ${isPublished ? 'was published without them' : 'ended before its first was saved'}`,
    todo: isPublished ? 'recurlab reproduce RUN makes them again.' : 'Train it again from the start.',
  })
}

/** Which checkpoint of a run: the newest, the best evaluated one by the run's `bestMetric`, or that of a step. */
export type CheckpointChoice = 'last' | 'best' | number

/**
 * Returns the step of a checkpoint that a run keeps.
 *
 * @throws UserError (exit code 2) when it keeps none of that step, or none that was evaluated.
 */
export function chosenCheckpoint(run: Pick<RunRecord, 'dir' | 'id' | 'config'>, choice: 'best' | number): number {
  const steps = readStatus(run.dir).checkpoints.map(({ step }) => step)
  const found =
    steps.length === 0
      ? 'none'
      : steps.length === 1
        ? `that of step ${steps[0]}`
        : `those of steps ${[...new Set(steps)].join(', ')}`
  if (typeof choice === 'number') {
    if (steps.includes(choice)) return choice
    throw new UserError({
      where: `run ${run.id}`,
      expected: `a checkpoint of step ${choice}`,
      found,
      todo: 'keepEvery=N keeps one every N steps.',
      exitCode: 2,
    })
  }
  const metric = bestMetricOf(run.config)
  const best = bestCheckpoint(steps, rowsOfTable(readEvaluations(run)), metric)
  if (best !== null) return best
  throw new UserError({
    where: `run ${run.id}`,
    expected: `a checkpoint that was evaluated by ${metric.metric}`,
    found,
    todo: 'checkpoint=last or checkpoint=STEP takes one that was not.',
    exitCode: 2,
  })
}

/** Returns the run's configuration and data hash as metadata, which makes the file self-describing. */
function origin({ config, provenance: { dataHash } }: RunWriter): Record<string, string> {
  return { config: JSON.stringify(config), ...(typeof dataHash === 'string' ? { dataHash } : {}) }
}

/**
 * Checks that the checkpoint of a step belongs to the run, by the checksum that the file carries.
 *
 * @throws UserError when it does not.
 */
export function checkOwnCheckpoint(run: { readonly dir: string }, step: number): void {
  const file = path.join(run.dir, checkpointFile(step))
  twice(() => {
    const own = checksumsOf(run.dir, step)
    // Whoever reads the file reports that it is missing, or has no seal.
    const carried = fs.existsSync(file) ? carriedSeal(file) : null
    if (carried !== null) checkOwn(file, carried, own)
  })
}

function checkOwn(file: string, checksum: string, right: readonly string[]): void {
  if (right.includes(checksum)) return
  const [expected, found] = differingHashes(right.at(-1) ?? '', checksum)
  throw new UserError({
    where: file,
    expected: right.length > 0 ? `the run's own checkpoint (SHA-256 ${expected})` : 'none, as status.json says',
    found: `another one (${found})`,
    todo: "Put the run's own file back, or begin a new run with these weights: recurlab train PRESET init=FILE.",
  })
}

/**
 * Checks that a checkpoint was trained with the configuration that is stored beside it.
 *
 * @param trained the configuration in the checkpoint's metadata
 * @throws UserError naming the keys that differ.
 */
export function checkConfig(dir: string, trained: string | undefined): void {
  const file = path.join(dir, FILES.config)
  const config = flattenGroups(recordedConfig(readJson(file), file).resolved)
  const carried: unknown = trained === undefined ? null : parseJson(trained, `${file}, config of the checkpoint`)
  if (isDeepStrictEqual(config, carried)) return
  const keys = isJsonObject(carried)
    ? Object.keys({ ...carried, ...config }).filter((key) => !isDeepStrictEqual(carried[key], config[key]))
    : []
  throw new UserError({
    where: file,
    expected: 'the configuration that the checkpoint was trained with',
    found: keys.length > 0 ? `another ${keys.join(', ')}` : 'another one',
    todo: 'Put the old file back. Other settings make a new run: recurlab train PRESET init=RUN.',
  })
}

/** Returns the state in the metadata of a checkpoint. @throws UserError when it is missing or of another format. */
export function checkpointState(
  metadata: Readonly<Record<string, string>>,
  file: string,
): { readonly step: number } & JsonObject {
  if (metadata.format !== CHECKPOINT_FORMAT)
    throw new UserError({ where: file, expected: `the format ${CHECKPOINT_FORMAT}`, found: metadata.format ?? 'none' })
  const state = parseJson(metadata.state ?? 'null', `${file}, state`)
  if (!isStep(state.step))
    throw new UserError({ where: file, expected: 'a state with its step', found: shown(state.step) })
  return { ...state, step: state.step }
}

function isStep(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0
}
