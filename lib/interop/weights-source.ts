import { UserError } from '../errors.js'
import { readBytes, unreadable } from '../files/atomic.js'
import { checkDepth, isJsonObject, type JsonObject, whyNotJson } from '../files/json.js'
import { fileOperations as fs } from '../files/operations.js'
import { openRegular } from '../files/regular.js'
import { float32Tensors, readSafetensors, type Safetensors } from '../files/safetensors.js'
import { checkSeal, isSealed } from '../files/sealed.js'
import { readOfficial } from './official-weights.js'
import type { DataSizes } from './published-config.js'
import {
  CHECKPOINT_FORMAT,
  EMA_PREFIX,
  OWN_FORMATS,
  type StoredWeights,
  WEIGHTS_FORMAT,
  widened,
} from './weights-format.js'

const ZIP = Buffer.from('PK\x03\x04', 'latin1')

/**
 * Reads weights from any supported format, recognised by its first bytes. @throws UserError when the file holds no
 * weights, or is damaged.
 */
export async function readStored(file: string, asked?: 'ema' | 'live'): Promise<StoredWeights> {
  const head = firstBytes(file)
  if (head.subarray(0, 4).equals(ZIP)) return readOfficial(file, asked)
  // Eight bytes of length, and the brace that opens a header.
  if (head[8] === 0x7b) return readOwn(file, asked)
  if (head[0] === 0x80)
    throw new UserError({
      where: file,
      expected: 'a zip archive, which torch.save writes since PyTorch 1.6',
      found: 'a bare pickle, PyTorch’s old format',
      todo: "Where you trust it: python -c \"import torch; torch.save(torch.load('OLD', weights_only=True), 'NEW')\".",
    })
  throw new UserError({
    where: file,
    expected: 'safetensors, or a file of torch.save',
    found: head.length === 0 ? 'an empty file' : 'neither',
  })
}

function firstBytes(file: string): Buffer {
  if (fs.existsSync(file) && fs.statSync(file).isDirectory())
    throw new UserError({
      where: file,
      expected: 'a file of weights',
      found: 'a folder',
      todo: 'Name a file in it, e.g. checkpoint-001000.safetensors or step_1000.',
    })
  const fd = openRegular(file, 'a file of weights')
  try {
    const head = Buffer.alloc(16)
    return head.subarray(0, fs.readSync(fd, head, 0, head.length, 0))
  } catch (error) {
    throw unreadable(file, error)
  } finally {
    fs.closeSync(fd)
  }
}

function readOwn(file: string, asked?: 'ema' | 'live'): StoredWeights {
  const bytes = readBytes(file)
  if (isSealed(bytes)) checkSeal(bytes, file)
  const stored = readSafetensors(bytes, file)
  const { format } = stored.metadata
  if (format === CHECKPOINT_FORMAT) return fromCheckpoint(file, stored, asked)
  const tensors = float32Tensors(stored.tensors)
  if (format !== WEIGHTS_FORMAT && format?.startsWith(OWN_FORMATS))
    throw new UserError({
      where: file,
      expected: `the format ${WEIGHTS_FORMAT} or ${CHECKPOINT_FORMAT}`,
      found: format,
      todo: 'The file is of another version of Recurlab.',
    })
  if (format !== WEIGHTS_FORMAT)
    return {
      format: 'safetensors',
      tensors,
      weights: 'saved',
      config: null,
      sizes: {},
      dataHash: null,
      step: null,
      notes: widened(stored.tensors.values()),
    }
  const { weights } = stored.metadata
  return {
    format,
    tensors,
    weights: weights === 'ema' || weights === 'live' ? weights : 'saved',
    ...about(stored, file),
    sizes: readSizes(stored.metadata.sizes, `${file}, sizes`),
    step: /^\d{1,15}$/.test(stored.metadata.step ?? '') ? Number(stored.metadata.step) : null,
    notes: [],
  }
}

function fromCheckpoint(file: string, stored: Safetensors, asked?: 'ema' | 'live'): StoredWeights {
  const named = [...stored.tensors]
  const plain = named.filter(([name]) => !name.includes('/'))
  const average = named.filter(([name]) => name.startsWith(EMA_PREFIX))
  if (asked === 'ema' && average.length === 0) throw noAverage(file)
  const ema = asked !== 'live' && average.length > 0
  const tensors = float32Tensors(plain)
  if (ema) for (const [name, tensor] of float32Tensors(average)) tensors.set(name.slice(EMA_PREFIX.length), tensor)
  const seqLen = stored.tensors.get('carry/inputs')?.shape[1]
  const state = parseObject(stored.metadata.state, `${file}, state`)
  return {
    format: CHECKPOINT_FORMAT,
    tensors,
    weights: ema ? 'ema' : 'live',
    ...about(stored, file),
    // The puzzles in progress of a run determine the puzzle length.
    sizes: seqLen === undefined ? {} : { seqLen },
    step: typeof state?.step === 'number' ? state.step : null,
    notes: average.length > 0 ? [`${ema ? 'the EMA' : 'the live weights'} of the two sets in the checkpoint`] : [],
  }
}

function about({ metadata }: Safetensors, file: string): Pick<StoredWeights, 'config' | 'dataHash'> {
  return { config: parseObject(metadata.config, `${file}, config`), dataHash: metadata.dataHash ?? null }
}

function readSizes(json: string | undefined, where: string): DataSizes {
  const given = parseObject(json, where) ?? {}
  const sizes: { -readonly [key in keyof DataSizes]: number } = {}
  for (const key of ['seqLen', 'vocabSize', 'puzzleIdentifiers'] as const) {
    const value = given[key]
    if (value === undefined || value === null) continue
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1)
      throw new UserError({ where: `${where}.${key}`, expected: 'a whole number of 1 or more', found: String(value) })
    sizes[key] = value
  }
  return sizes
}

function parseObject(json: string | undefined, where: string): JsonObject | null {
  if (json === undefined) return null
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (error) {
    throw new UserError({ where, expected: 'JSON', found: whyNotJson(error) })
  }
  checkDepth(value, where)
  if (!isJsonObject(value)) throw new UserError({ where, expected: 'a JSON object', found: json.slice(0, 40) })
  return value
}

function noAverage(file: string): UserError {
  return new UserError({
    where: file,
    expected: 'EMA weights',
    found: 'only live weights',
    todo: 'Leave weights=ema out.',
    exitCode: 2,
  })
}
