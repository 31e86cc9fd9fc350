import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { UserError } from '../errors.js'
import { readBytes, sha256, writeFileAtomic } from '../files/atomic.js'
import { isJsonObject, type JsonObject, kindOf } from '../files/json.js'
import { fileOperations as fs } from '../files/operations.js'
import { readSafetensors, type StoredTensor, safetensorsPieces, type TensorEntry } from '../files/safetensors.js'
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

const FORMAT = 'recurlab-checkpoint-1'

/**
 * The file carries its own SHA-256, taken with zeros in its place: file and checksum are then replaced by one rename.
 * As the first word of the metadata, which come first, it lies at a fixed place and can be checked before anything is parsed.
 */
const BEFORE_CHECKSUM = '{"__metadata__":{"checksum":"'
const CHECKSUM_AT = 8 + BEFORE_CHECKSUM.length
const ZEROS = '0'.repeat(64)

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
  const pieces = safetensorsPieces(tensors, { checksum: ZEROS, format: FORMAT, state: json })
  pieces[0]!.set(Buffer.from(sha256(pieces), 'latin1'), CHECKSUM_AT)
  writeFileAtomic(path.join(run.dir, FILES.checkpoint), pieces)
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
  const checksum = check(bytes, file)
  const { tensors, metadata } = readSafetensors(bytes, file)
  return { tensors, state: parseState(metadata, file), checksum }
}

function check(bytes: Buffer, file: string): string {
  const after = CHECKSUM_AT + ZEROS.length
  if (bytes.toString('latin1', 8, CHECKSUM_AT) !== BEFORE_CHECKSUM)
    throw new UserError({ where: file, expected: 'a checkpoint of Recurlab', found: 'something else' })
  const expected = bytes.toString('latin1', CHECKSUM_AT, after)
  const found = sha256([bytes.subarray(0, CHECKSUM_AT), Buffer.from(ZEROS), bytes.subarray(after)])
  if (found !== expected)
    throw new UserError({
      where: file,
      expected: `SHA-256 ${expected}`,
      found,
      todo: 'The checkpoint is damaged or was changed: copy it again, or train the run again.',
    })
  return found
}

function parseState(metadata: Readonly<Record<string, string>>, file: string): { readonly step: number } & JsonObject {
  if (metadata.format !== FORMAT)
    throw new UserError({ where: file, expected: `the format ${FORMAT}`, found: metadata.format ?? 'none' })
  const state: unknown = JSON.parse(metadata.state ?? 'null')
  if (!isJsonObject(state) || !isStep(state.step))
    throw new UserError({ where: file, expected: 'a state with its step', found: kindOf(state) })
  return { ...state, step: state.step }
}

function isStep(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0
}
