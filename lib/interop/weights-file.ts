import path from 'node:path'
import { isFunctionRecord, isKnownFunction } from '../config/functions.js'
import { parseConfig } from '../config/parse.js'
import { isRecordedConfig, recordedConfig } from '../config/recorded.js'
import { flattenGroups, resolveConfig } from '../config/resolved.js'
import { type ConfigInput, configSchema } from '../config/schema.js'
import { UserError } from '../errors.js'
import { readConfigFile } from '../files/config-file.js'
import type { JsonObject } from '../files/json.js'
import { fileOperations as fs } from '../files/operations.js'
import { placeToRead } from '../files/places.js'
import { isReserved } from '../files/safetensors-header.js'
import { configuredShape } from '../model/configured.js'
import type { ModelShape } from '../model/shape.js'
import type { HostTensor } from '../model/weights.js'
import { fromPublishedConfig, isPublishedConfig, type PublishedConfig } from './published-config.js'
import { checkTensors } from './weights-check.js'
import { type CompleteConfig, completeConfig, type WeightsSizes } from './weights-config.js'
import { factsOfTensors, type WeightsFacts } from './weights-facts.js'
import { commonPrefix, publishedName, type StoredWeights, type WeightsFormat, wrapperOf } from './weights-format.js'
import { readStored } from './weights-source.js'

/** A file of weights, whoever wrote it. */
export interface WeightsFile {
  readonly file: string
  readonly format: WeightsFormat
  /** Weights, initial states and puzzle embedding by their published names, as float32. */
  readonly tensors: ReadonlyMap<string, HostTensor>
  /** Which weights these are; `saved`: the one set that an official file holds, and its configuration does not say which. */
  readonly weights: 'ema' | 'live' | 'saved'
  /** The keys of a configuration that file and tensors tell; a key that is left out takes its default. */
  readonly config: ConfigInput
  /** The file that the configuration is from; null where only tensors tell. */
  readonly configFrom: string | null
  /** Sizes of the data that the model is for. */
  readonly sizes: WeightsSizes
  /** Hash of the data set that it was trained on; null where the file does not say. */
  readonly dataHash: string | null
  /** Optimiser steps behind it; null where neither the file nor its name (`step_N`) says. */
  readonly step: number | null
  /** Changes, omissions and assumptions, one sentence each. */
  readonly notes: readonly string[]
}

/** How a file of weights is read. */
export interface ReadWeightsOptions {
  /** The configuration (`all_config.yaml`, `config.json`). Default: the file's own, else the one beside it, if any. */
  readonly config?: string
  /** Default: the EMA where the file holds any. */
  readonly weights?: 'ema' | 'live'
}

/** Names under which configurations lie beside official checkpoints. */
const BESIDE = ['all_config.yaml', 'config.json']

/**
 * Reads weights: a run's `checkpoint.safetensors`, a file of `recurlab import` or `export`, plain safetensors, or what the
 * published PyTorch code saved (`step_N`, `.pt`). Nothing in the file is run.
 *
 * @throws UserError when it cannot be read, is damaged or refused, holds no model, or contradicts its configuration.
 */
export async function readWeightsFile(named: string, options: ReadWeightsOptions = {}): Promise<WeightsFile> {
  const file = placeToRead(named)
  const stored = await readStored(file, options.weights)
  const notes = [...stored.notes]
  const tensors = withPublishedNames(stored, file, notes)
  const source = configOf(file, stored, options.config === undefined ? undefined : placeToRead(options.config))
  const facts = factsOfTensors(tensors, file, isFunctionRecord(source?.values.mixer))
  const told = source
    ? isPublishedConfig(source.values)
      ? fromPublishedConfig(source.values, facts, source.from)
      : ownConfig(source.values)
    : { config: {}, sizes: {}, assumed: {}, notes: [] }
  const sizes = { ...told.sizes, ...stored.sizes }
  const whole = completeConfig(told.config, sizes, facts, source?.from ?? file, told.assumed)
  notes.push(...told.notes, ...whole.notes)
  const shape = shapeFor(whole, facts, source?.from ?? file)
  // The shapes of a mixer's weights are known to its functions alone: where these are not given, the model cannot be made.
  if (!isFunctionRecord(shape.mixer) || isKnownFunction('mixer', shape.mixer)) checkTensors(shape, tensors, file)
  const weights = whichWeights(stored, source?.values, options.weights, file)
  if (options.weights !== undefined && weights === 'saved')
    notes.push(`weights=${options.weights}: the file holds one set, and nothing says which`)
  return {
    file,
    format: stored.format,
    tensors,
    weights,
    config: whole.config,
    configFrom: source?.from ?? null,
    sizes: whole.sizes,
    dataHash: stored.dataHash,
    step: stored.step ?? stepOfName(file),
    notes,
  }
}

function withPublishedNames(stored: StoredWeights, file: string, notes: string[]): Map<string, HostTensor> {
  const tensors = new Map<string, HostTensor>()
  const wrappers = new Set<string>()
  const original = new Map<string, string>()
  const prefix = commonPrefix([...stored.tensors.keys()].map(publishedName))
  for (const [given, tensor] of stored.tensors) {
    const name = publishedName(given).slice(prefix.length)
    const fail = (expected: string, found: string): UserError =>
      new UserError({ where: `${file}, tensor ${JSON.stringify(given.slice(0, 200))}`, expected, found })
    if (name === '' || isReserved(name))
      throw fail('a published name', name === '' ? 'nothing else' : 'a reserved word')
    if (tensors.has(name)) throw fail(`${name} once`, `it is the name of ${JSON.stringify(original.get(name))} too`)
    original.set(name, given)
    wrappers.add(wrapperOf(given) + prefix)
    tensors.set(name, tensor)
  }
  wrappers.delete('')
  if (wrappers.size > 0) notes.push(`taken off the names: ${[...wrappers].join(', ')}`)
  return tensors
}

/**
 * The model that a file's weights are of.
 *
 * @param seqLen tokens of a puzzle, where the file does not say: those of the data
 * @throws UserError when neither says, or they say different things.
 */
export function shapeOfWeights({ file, config, sizes }: WeightsFile, seqLen?: number): ModelShape {
  const length = sizes.seqLen ?? seqLen
  if (length === undefined || (seqLen !== undefined && seqLen !== length))
    throw new UserError({
      where: file,
      expected: length === undefined ? 'the length of a puzzle' : `puzzles of ${length} tokens`,
      found: length === undefined ? 'neither file nor configuration says it' : `puzzles of ${seqLen}`,
      todo: 'Name the data set it was trained for.',
    })
  return configuredShape(parseConfig(config), { ...sizes, seqLen: length })
}

/** For checking: the length of a puzzle matters where tensors are as long, and these then tell it. */
function shapeFor({ config, sizes }: CompleteConfig, { tokens }: WeightsFacts, from: string): ModelShape {
  try {
    const parsed = parseConfig(config)
    const seqLen = tokens === null ? (sizes.seqLen ?? 1) : tokens - resolveConfig(parsed).model.puzzleTokens
    return configuredShape(parsed, { ...sizes, seqLen })
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    throw new UserError(`${from}: ${error.message}`, { cause: error })
  }
}

interface ConfigSource {
  readonly values: JsonObject
  readonly from: string
}

function configOf(file: string, stored: StoredWeights, named: string | undefined): ConfigSource | null {
  if (named !== undefined) return { values: configIn(named), from: named }
  if (stored.config) return { values: stored.config, from: file }
  const beside = BESIDE.map((name) => path.join(path.dirname(file), name)).find((name) => fs.existsSync(name))
  return beside === undefined ? null : { values: configIn(beside), from: beside }
}

/** The flat configuration of a file: our own record of a run, or one of the published code. */
function configIn(file: string): JsonObject {
  const values = readConfigFile(file)
  return isRecordedConfig(values) ? flattenGroups(recordedConfig(values, file).resolved) : values
}

/** Our own keys; those of another version are left out and said. */
function ownConfig(values: JsonObject): PublishedConfig {
  const known = Object.entries(values).filter(([key]) => Object.hasOwn(configSchema.shape, key))
  const notes = Object.keys(values)
    .filter((key) => !Object.hasOwn(configSchema.shape, key))
    .map((key) => `${key}: unknown here and left out`)
  return { config: Object.fromEntries(known) as ConfigInput, sizes: {}, assumed: {}, notes }
}

/** Official files hold one set, and their configuration whether it is the average. */
function whichWeights(
  stored: StoredWeights,
  config: JsonObject | undefined,
  asked: 'ema' | 'live' | undefined,
  file: string,
): WeightsFile['weights'] {
  const said = typeof config?.ema === 'boolean' ? (config.ema ? 'ema' : 'live') : undefined
  const held = stored.weights === 'saved' ? (said ?? 'saved') : stored.weights
  if (asked !== undefined && held !== 'saved' && held !== asked)
    throw new UserError({
      where: file,
      expected: asked === 'ema' ? 'EMA weights' : 'live weights',
      found: held === 'ema' ? 'the EMA alone' : 'live weights alone',
      todo: `Leave weights=${asked} out.`,
      exitCode: 2,
    })
  return held
}

function stepOfName(file: string): number | null {
  const digits = /^step_(\d{1,12})(?:\.\w+)?$/.exec(path.basename(file))?.[1]
  return digits === undefined ? null : Number(digits)
}
