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

/** The content of a checkpoint, from which training continues bit for bit. */
export interface Checkpoint {
  /** Weights under their published names, and `ema/…`, `adam.m/…`, `adam.v/…`, `carry/…`. */
  readonly tensors: Iterable<readonly [string, TensorEntry]>
  /** The rest, as JSON: generator states, position in the data, the step. */
  readonly state: { readonly step: number } & Readonly<Record<string, unknown>>
}

/** A checkpoint as it is read from its file. */
export interface LoadedCheckpoint {
  readonly tensors: Map<string, StoredTensor>
  readonly state: { readonly step: number } & JsonObject
  /** The SHA-256 in the file's metadata, which its content has. */
  readonly checksum: string
}

/**
 * Saves the whole state of a run as `checkpoint.safetensors`, after flushing the rows that led to it. The file is written beside
 * the old one, flushed and renamed: a kill at any moment leaves the old or the new one whole.
 *
 * @throws UserError when it cannot be written; the old checkpoint is then still there.
 */
export function saveCheckpoint(run: RunWriter, { tensors, state }: Checkpoint): void {
  const json = JSON.stringify(state)
  if (!isDeepStrictEqual(JSON.parse(json), state)) throw new TypeError('the state of a checkpoint must survive JSON')
  run.flush()
  const pieces = sealedPieces(tensors, { format: CHECKPOINT_FORMAT, state: json, ...origin(run) })
  run.writeCheckpoint(state.step, pieces, sealOf(pieces))
}

/**
 * Reads the checkpoint of a run; its SHA-256 is checked before it is parsed.
 *
 * @throws UserError when there is none, it is damaged or another run's, or the run's `config.json` says something else.
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

/** The run's configuration and the hash of its data, so that the file describes itself. */
function origin({ config, provenance: { dataHash } }: RunWriter): Record<string, string> {
  return { config: JSON.stringify(config), ...(typeof dataHash === 'string' ? { dataHash } : {}) }
}

/** Reads checksums and file together, a second time where the run went on in between. */
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
 * Checks that the checkpoint of a run is its own, by the checksum that the file carries.
 *
 * @throws UserError when it is another one.
 */
export function checkOwnCheckpoint(run: { readonly dir: string }): void {
  const file = path.join(run.dir, FILES.checkpoint)
  const attempt = (): void => {
    const { files } = readStatus(run.dir)
    // `loadCheckpoint` refuses a file without a seal, and a missing one.
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

/** Refuses to resume weights under another configuration than the one they were trained with. */
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

/** The state in the metadata of a checkpoint. @throws UserError when its format is another, or it has none. */
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
