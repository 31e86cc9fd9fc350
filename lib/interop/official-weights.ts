import { UserError } from '../errors.js'
import type { JsonObject } from '../files/json.js'
import type { HostTensor } from '../model/weights.js'
import { describeValue, PickleDict, PickleList, type PickleValue } from './formats/pickle-value.js'
import { openTorchFile, type TorchFile } from './formats/torch.js'
import { TorchTensor } from './formats/torch-tensor.js'
import { publishedName, type StoredWeights, widened } from './weights-format.js'

/** Keys under which training programs nest the weights. */
const NESTED = ['model', 'state_dict', 'model_state_dict']

/** Keys under which they nest the EMA: later versions of the published trainer, and EqR's. */
const AVERAGES = ['ema_helper', 'ema']

/** Keys beside nested weights that are used. */
const USED = new Set<PickleValue>(['step', 'config', ...AVERAGES])

/**
 * Reads a file that the published trainer saved with `torch.save`: weights alone, or beside an optimiser and an
 * average.
 *
 * @throws UserError when it holds anything but plain data and tensors, or no weights.
 */
export async function readOfficial(file: string, asked?: 'ema' | 'live'): Promise<StoredWeights> {
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
  const notes = key === undefined ? [] : [`the weights are under ${JSON.stringify(key)}`]
  const found = tensorsOf(torch, weights, notes)
  if (found.size === 0)
    throw new UserError({
      where: file,
      expected: 'a dictionary of tensors',
      found: `one of ${few([...root].map(([name, value]) => `${describeValue(name)}: ${describeValue(value)}`))}`,
    })
  const step = root.get('step')
  const average = key === undefined ? undefined : averageOf(root)
  const others = key === undefined ? [] : [...root.keys()].filter((name) => name !== key && !USED.has(name))
  const config = key === undefined ? undefined : root.get('config')
  if (others.length > 0) notes.push(`ignored: ${few(others.map(describeValue))}`)
  const held = average === undefined ? 'saved' : asked === 'live' ? 'live' : 'ema'
  if (average !== undefined && held === 'ema') overlay(found, tensorsOf(torch, average, notes), file)
  if (average !== undefined)
    notes.push(`${held === 'ema' ? 'the EMA' : 'the live weights'} of the two sets in the file`)
  return {
    format: 'pytorch',
    tensors: found,
    weights: held,
    config: config instanceof PickleDict ? (plainValue(config) as JsonObject) : null,
    sizes: {},
    dataHash: null,
    step: typeof step === 'number' && Number.isInteger(step) && step >= 0 ? step : null,
    notes,
  }
}

/** Returns a value of a pickle as one of JSON; anything but plain data becomes its description. */
function plainValue(value: PickleValue): unknown {
  if (value instanceof PickleDict)
    return Object.fromEntries([...value].map(([name, inner]) => [String(name), plainValue(inner)]))
  if (value instanceof PickleList) return value.items.map(plainValue)
  if (Array.isArray(value)) return value.map(plainValue)
  if (typeof value === 'bigint') return Number(value)
  return value === null || typeof value !== 'object' ? value : describeValue(value)
}

/** Returns the EMA that is saved beside the weights. */
function averageOf(root: PickleDict): PickleDict | undefined {
  const helper = AVERAGES.map((name) => root.get(name)).find((value) => value instanceof PickleDict)
  if (!(helper instanceof PickleDict)) return undefined
  const shadow = helper.get('shadow')
  return shadow instanceof PickleDict ? shadow : helper
}

function tensorsOf(torch: TorchFile, dictionary: PickleDict, notes: string[]): Map<string, HostTensor> {
  const tensors = new Map<string, HostTensor>()
  const others: string[] = []
  notes.push(...widened([...dictionary.values()].flatMap((v) => (v instanceof TorchTensor ? [v.storage] : []))))
  for (const [name, value] of dictionary)
    if (value instanceof TorchTensor && typeof name === 'string')
      tensors.set(name, { shape: value.shape, data: torch.read(value) })
    else others.push(`${describeValue(name)} (${describeValue(value)})`)
  if (tensors.size > 0 && others.length > 0) notes.push(`not tensors, ignored: ${few(others)}`)
  return tensors
}

/** Overlays the EMA, which covers weights only: initial states and the puzzle embedding stay. */
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

function few(words: readonly string[]): string {
  return words.length > 5 ? `${words.slice(0, 5).join(', ')} and ${words.length - 5} more` : words.join(', ')
}
