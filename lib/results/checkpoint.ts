import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { UserError } from '../errors.js'
import { readBytes, writeFileAtomic } from '../files/atomic.js'
import { isJsonObject, type JsonObject, kindOf, readJson } from '../files/json.js'
import { fileOperations as fs } from '../files/operations.js'
import { readSafetensors, type StoredTensor, type TensorEntry } from '../files/safetensors.js'
import { checkSeal, sealedPieces } from '../files/sealed.js'
import { CHECKPOINT_FORMAT } from '../model/weights-format.js'
import { FILES } from './layout.js'
import type { RunWriter } from './writer.js'

/** What goes into a checkpoint: with it, training continues bit for bit. */
export interface Checkpoint {
  /** Weights under their published names, and `ema/…`, `adam.m/…`, `adam.v/…`, `carry/…`. */
  readonly tensors: Iterable<readonly [string, TensorEntry]>
  /** The rest, as JSON: generator states, position in the data, the step. */
  readonly state: { readonly step: number } & Readonly<Record<string, unknown>>
}

/** A checkpoint read back. */
export interface LoadedCheckpoint {
  readonly tensors: Map<string, StoredTensor>
  readonly state: { readonly step: number } & JsonObject
  /** The SHA-256 that the file carries and was checked against. */
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
  const metadata = { format: CHECKPOINT_FORMAT, state: json, ...origin(run.dir) }
  writeFileAtomic(path.join(run.dir, FILES.checkpoint), sealedPieces(tensors, metadata))
  run.noteCheckpoint(state.step)
}

/**
 * Reads the checkpoint of a run; its SHA-256 is checked before it is parsed.
 *
 * @throws UserError when there is none, or it is damaged.
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
  const bytes = readBytes(file)
  const checksum = checkSeal(bytes, file)
  const { tensors, metadata } = readSafetensors(bytes, file)
  return { tensors, state: parseState(metadata, file), checksum }
}

/** The run's configuration and the hash of its data: with them, the file says by itself what it is. */
function origin(dir: string): Record<string, string> {
  const config = JSON.stringify(readJson(path.join(dir, FILES.config)))
  const { dataHash } = readJson(path.join(dir, FILES.provenance))
  return { config, ...(typeof dataHash === 'string' ? { dataHash } : {}) }
}

function parseState(metadata: Readonly<Record<string, string>>, file: string): { readonly step: number } & JsonObject {
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
