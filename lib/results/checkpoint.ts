import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { recordedConfig } from '../config/recorded.js'
import { flattenGroups } from '../config/resolved.js'
import { UserError } from '../errors.js'
import { readBytes } from '../files/atomic.js'
import { differingHashes } from '../files/hash-text.js'
import { isJsonObject, type JsonObject, kindOf, readJson } from '../files/json.js'
import { fileOperations as fs } from '../files/operations.js'
import { readSafetensors, type StoredTensor, type TensorEntry } from '../files/safetensors.js'
import { carriedSeal, checkSeal, sealedPieces, sealOf } from '../files/sealed.js'
import { CHECKPOINT_FORMAT } from '../interop/weights-format.js'
import { FILES } from './layout.js'
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
}

/**
 * Saves the whole state of a run as `checkpoint.safetensors`, after flushing the rows that led to it. The file is
 * written under another name, flushed and renamed: a kill at any moment leaves the old or the new checkpoint intact.
 *
 * @throws UserError when it cannot be written; the old checkpoint is then kept.
 */
export function saveCheckpoint(run: RunWriter, { tensors, state }: Checkpoint): void {
  const json = JSON.stringify(state)
  if (!isDeepStrictEqual(JSON.parse(json), state)) throw new TypeError('the state of a checkpoint must survive JSON')
  run.flush()
  const pieces = sealedPieces(tensors, { format: CHECKPOINT_FORMAT, state: json, ...origin(run) })
  run.writeCheckpoint(state.step, pieces, sealOf(pieces))
}

/**
 * Loads the checkpoint of a run; its SHA-256 is verified before it is parsed.
 *
 * @throws UserError when it is missing, damaged or another run's, or disagrees with the run's `config.json`.
 */
export function loadCheckpoint(run: { readonly dir: string }): LoadedCheckpoint {
  const file = path.join(run.dir, FILES.checkpoint)
  if (!fs.existsSync(file))
    throw new UserError({
      where: run.dir,
      expected: `a ${FILES.checkpoint}`,
      found: 'none: the run ended before its first was saved',
      todo: 'Train it again from the start.',
    })
  const { bytes, checksum } = readCheckpoint(run.dir, file)
  const { tensors, metadata } = readSafetensors(bytes, file)
  const state = checkpointState(metadata, file)
  checkConfig(run.dir, metadata.config)
  return { tensors, state, checksum }
}

/** Returns the run's configuration and data hash as metadata, which makes the file self-describing. */
function origin({ config, provenance: { dataHash } }: RunWriter): Record<string, string> {
  return { config: JSON.stringify(config), ...(typeof dataHash === 'string' ? { dataHash } : {}) }
}

/** Reads checksums and file together, again when the run advanced in between. */
function readCheckpoint(dir: string, file: string): { bytes: Buffer; checksum: string } {
  const attempt = (): { bytes: Buffer; checksum: string } => {
    const { files } = readStatus(dir)
    const bytes = readBytes(file)
    const checksum = checkSeal(bytes, file)
    checkOwn(file, checksum, files[FILES.checkpoint])
    return { bytes, checksum }
  }
  try {
    return attempt()
  } catch {
    return attempt()
  }
}

/**
 * Checks that the checkpoint belongs to the run, by the checksum that the file carries.
 *
 * @throws UserError when it does not.
 */
export function checkOwnCheckpoint(run: { readonly dir: string }): void {
  const file = path.join(run.dir, FILES.checkpoint)
  const attempt = (): void => {
    const { files } = readStatus(run.dir)
    // `loadCheckpoint` reports a missing file, and one without a seal.
    const carried = fs.existsSync(file) ? carriedSeal(file) : null
    if (carried !== null) checkOwn(file, carried, files[FILES.checkpoint])
  }
  try {
    attempt()
  } catch {
    attempt()
  }
}

function checkOwn(file: string, checksum: string, right: readonly string[] = []): void {
  if (right.includes(checksum)) return
  const [expected, found] = differingHashes(right.at(-1) ?? '', checksum)
  throw new UserError({
    where: file,
    expected: right.length > 0 ? `the run's own checkpoint (SHA-256 ${expected})` : 'none, as status.json says',
    found: `another one (${found})`,
    todo: "Put the run's own file back, or begin a new run with these weights: recurlab train PRESET init=FILE.",
  })
}

/** Checks that weights are resumed under the configuration that they were trained with. @throws UserError */
function checkConfig(dir: string, trained: string | undefined): void {
  const file = path.join(dir, FILES.config)
  const config = flattenGroups(recordedConfig(readJson(file), file).resolved)
  const carried: unknown = trained === undefined ? null : JSON.parse(trained)
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
  const state: unknown = JSON.parse(metadata.state ?? 'null')
  if (!isJsonObject(state) || !isStep(state.step))
    throw new UserError({ where: file, expected: 'a state with its step', found: kindOf(state) })
  return { ...state, step: state.step }
}

function isStep(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0
}
