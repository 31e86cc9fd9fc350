import { UserError } from '../errors.js'
import { readBytes, systemReason } from '../files/atomic.js'
import { isJsonObject, type JsonObject } from '../files/json.js'
import { fileOperations as fs } from '../files/operations.js'
import { describeValue, PickleDict, type PickleValue } from '../files/pickle-value.js'
import { float32Tensors, readSafetensors, type Safetensors } from '../files/safetensors.js'
import { checkSeal, isSealed } from '../files/sealed.js'
import { openTorchFile, type TorchFile } from '../files/torch.js'
import { TorchTensor } from '../files/torch-tensor.js'
import type { HostTensor } from './weights.js'
import { CHECKPOINT_FORMAT, EMA_PREFIX, publishedName, WEIGHTS_FORMAT } from './weights-format.js'

/** Who wrote a file of weights. */
export type WeightsFormat = typeof CHECKPOINT_FORMAT | typeof WEIGHTS_FORMAT | 'safetensors' | 'pytorch'

/** A file's tensors under the names it gives them, and what it says of itself. */
export interface StoredWeights {
  readonly format: WeightsFormat
  readonly tensors: ReadonlyMap<string, HostTensor>
  readonly weights: 'ema' | 'live' | 'saved'
  /** The configuration that the file carries. */
  readonly config: JsonObject | null
  readonly dataHash: string | null
  readonly step: number | null
  readonly notes: readonly string[]
}

/** Keys under which training programs save the weights beside other things. */
const NESTED = ['model', 'state_dict', 'model_state_dict']

/** Reads whatever holds weights, by what its first bytes are. @throws UserError when it holds none, or is damaged. */
export async function readStored(file: string, asked?: 'ema' | 'live'): Promise<StoredWeights> {
  const head = firstBytes(file)
  if (head.subarray(0, 4).equals(Buffer.from('PK\x03\x04', 'latin1'))) return readOfficial(file, asked)
  if (head[0] === 0x80)
    throw new UserError({
      where: file,
      expected: 'a zip archive, which torch.save writes since PyTorch 1.6',
      found: 'a bare pickle, PyTorch’s old format',
      todo: "Where you trust it: python -c \"import torch; torch.save(torch.load('OLD', weights_only=True), 'NEW')\".",
    })
  if (head[8] !== 0x7b)
    throw new UserError({
      where: file,
      expected: 'safetensors, or a file of torch.save',
      found: head.length === 0 ? 'an empty file' : 'neither',
    })
  return readOwn(file, asked)
}

function firstBytes(file: string): Buffer {
  try {
    const fd = fs.openSync(file, 'r')
    try {
      const head = Buffer.alloc(16)
      return head.subarray(0, fs.readSync(fd, head, 0, head.length, 0))
    } finally {
      fs.closeSync(fd)
    }
  } catch (error) {
    const isFolder = (error as NodeJS.ErrnoException).code === 'EISDIR'
    throw new UserError(
      {
        where: file,
        expected: 'a file of weights',
        found: isFolder ? 'a folder' : systemReason(error),
        ...(isFolder ? { todo: 'Name a file in it, e.g. checkpoint.safetensors or step_1000.' } : {}),
      },
      { cause: error },
    )
  }
}

function readOwn(file: string, asked?: 'ema' | 'live'): StoredWeights {
  const bytes = readBytes(file)
  if (isSealed(bytes)) checkSeal(bytes, file)
  const stored = readSafetensors(bytes, file)
  const { format } = stored.metadata
  if (format === CHECKPOINT_FORMAT) return fromCheckpoint(file, stored, asked)
  const tensors = float32Tensors(stored.tensors)
  if (format !== WEIGHTS_FORMAT)
    return { format: 'safetensors', tensors, weights: 'saved', config: null, dataHash: null, step: null, notes: [] }
  const { weights } = stored.metadata
  return {
    format,
    tensors,
    weights: weights === 'ema' || weights === 'live' ? weights : 'saved',
    ...about(stored, file),
    step: stored.metadata.step === undefined ? null : Number(stored.metadata.step),
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
  const state = parseObject(stored.metadata.state, `${file}, state`)
  return {
    format: CHECKPOINT_FORMAT,
    tensors,
    weights: ema ? 'ema' : 'live',
    ...about(stored, file),
    step: typeof state?.step === 'number' ? state.step : null,
    notes: average.length > 0 ? [`${ema ? 'the EMA' : 'the live weights'} of the two sets in the checkpoint`] : [],
  }
}

function about({ metadata }: Safetensors, file: string): Pick<StoredWeights, 'config' | 'dataHash'> {
  return { config: parseObject(metadata.config, `${file}, config`), dataHash: metadata.dataHash ?? null }
}

function parseObject(json: string | undefined, where: string): JsonObject | null {
  if (json === undefined) return null
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (error) {
    throw new UserError({ where, expected: 'JSON', found: (error as Error).message })
  }
  if (!isJsonObject(value)) throw new UserError({ where, expected: 'a JSON object', found: json.slice(0, 40) })
  return value
}

async function readOfficial(file: string, asked?: 'ema' | 'live'): Promise<StoredWeights> {
  const torch = await openTorchFile(file)
  try {
    return fromOfficial(file, torch, asked)
  } finally {
    torch.close()
  }
}

function fromOfficial(file: string, torch: TorchFile, asked?: 'ema' | 'live'): StoredWeights {
  const { root } = torch
  if (!(root instanceof PickleDict))
    throw new UserError({ where: file, expected: 'a dictionary of tensors', found: describeValue(root) })
  const key = NESTED.find((name) => root.get(name) instanceof PickleDict)
  const weights = key === undefined ? root : (root.get(key) as PickleDict)
  const notes = key === undefined ? [] : [`the weights lie under ${JSON.stringify(key)}`]
  const found = tensorsOf(torch, weights, notes)
  if (found.size === 0)
    throw new UserError({
      where: file,
      expected: 'a dictionary of tensors',
      found: `one of ${few([...root].map(([name, value]) => `${JSON.stringify(name)}: ${describeValue(value)}`))}`,
    })
  const step = root.get('step')
  const average = key === undefined ? undefined : averageOf(root)
  const others =
    key === undefined ? [] : [...root.keys()].filter((name) => ![key, 'step', 'ema_helper'].includes(String(name)))
  if (others.length > 0) notes.push(`left out: ${few(others.map((name) => JSON.stringify(name)))}`)
  const held = average === undefined ? 'saved' : asked === 'live' ? 'live' : 'ema'
  if (average !== undefined && held === 'ema') overlay(found, tensorsOf(torch, average, notes), file)
  if (average !== undefined)
    notes.push(`${held === 'ema' ? 'the EMA' : 'the live weights'} of the two sets in the file`)
  return {
    format: 'pytorch',
    tensors: found,
    weights: held,
    config: null,
    dataHash: null,
    step: typeof step === 'number' && Number.isInteger(step) && step >= 0 ? step : null,
    notes,
  }
}

/** Later versions of the published trainer save the average beside the weights. */
function averageOf(root: PickleDict): PickleDict | undefined {
  const helper = root.get('ema_helper')
  if (!(helper instanceof PickleDict)) return undefined
  const shadow = helper.get('shadow')
  return shadow instanceof PickleDict ? shadow : helper
}

function tensorsOf(torch: TorchFile, dictionary: PickleDict, notes: string[]): Map<string, HostTensor> {
  const tensors = new Map<string, HostTensor>()
  const others: string[] = []
  for (const [name, value] of dictionary)
    if (value instanceof TorchTensor && typeof name === 'string')
      tensors.set(name, { shape: value.shape, data: torch.read(value) })
    else others.push(`${JSON.stringify(name)} (${describeValue(value as PickleValue)})`)
  if (tensors.size > 0 && others.length > 0) notes.push(`no tensors, left out: ${few(others)}`)
  return tensors
}

/** The average has weights only: initial states and the puzzle embedding stay. */
function overlay(tensors: Map<string, HostTensor>, average: Map<string, HostTensor>, file: string): void {
  const names = new Map([...tensors.keys()].map((name) => [publishedName(name), name]))
  for (const [name, tensor] of average) {
    const target = names.get(publishedName(name))
    if (target === undefined)
      throw new UserError({
        where: `${file}, tensor ${name} of the EMA`,
        expected: 'the name of a weight',
        found: 'none',
      })
    tensors.set(target, tensor)
  }
}

function noAverage(file: string): UserError {
  return new UserError({
    where: file,
    expected: 'EMA weights',
    found: 'live weights alone',
    todo: 'Leave weights=ema out.',
    exitCode: 2,
  })
}

function few(words: readonly string[]): string {
  return words.length > 5 ? `${words.slice(0, 5).join(', ')} and ${words.length - 5} more` : words.join(', ')
}
