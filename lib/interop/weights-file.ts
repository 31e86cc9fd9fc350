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
import { factsOfTensors, type TensorShapes, type WeightsFacts } from './weights-facts.js'
import { commonPrefix, publishedName, type StoredWeights, type WeightsFormat, wrapperOf } from './weights-format.js'
import { readStored } from './weights-source.js'

/** A file of weights, from any program. */
export interface WeightsFile {
  readonly file: string
  readonly format: WeightsFormat
  /** Weights, initial states and puzzle embedding by published name, as float32. */
  readonly tensors: ReadonlyMap<string, HostTensor>
  /** Kind of the weights; `saved`: the only set of an official file whose configuration does not say which. */
  readonly weights: 'ema' | 'live' | 'saved'
  /** Keys that the configuration and the tensors determine; the others take their defaults. */
  readonly config: ConfigInput
  /** File of the configuration; null when only tensors determine it. */
  readonly configFrom: string | null
  /** Sizes of the data that the model expects. */
  readonly sizes: WeightsSizes
  /** Hash of the training data set; null when the file does not record it. */
  readonly dataHash: string | null
  /** Optimiser steps of training; null when neither the file nor its name (`step_N`) records them. */
  readonly step: number | null
  /** Notes on conversions, omissions and assumptions, one sentence each. */
  readonly notes: readonly string[]
}

/** Options of {@link readWeightsFile}. */
export interface ReadWeightsOptions {
  /** Configuration file (`all_config.yaml`, `config.json`). Default: the file's own, else the one beside it, if any. */
  readonly config?: string
  /** Default: the EMA when the file holds one. */
  readonly weights?: 'ema' | 'live'
}

/** Names of configuration files beside official checkpoints. */
const BESIDE = ['all_config.yaml', 'config.json']

/**
 * Reads weights from a run's `checkpoint-STEP.safetensors`, a file of `recurlab import` or `export`, plain safetensors, or a
 * file saved by the published PyTorch code (`step_N`, `.pt`). Nothing in the file is executed.
 *
 * @throws UserError when it cannot be read, is damaged or rejected, holds no model, or contradicts its configuration.
 */
export async function readWeightsFile(named: string, options: ReadWeightsOptions = {}): Promise<WeightsFile> {
  const file = placeToRead(named)
  const stored = await readStored(file, options.weights)
  const notes = [...stored.notes]
  const tensors = withInitialLatents(withPublishedNames(stored, file, notes), notes)
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
  // Only a custom mixer's functions know the shapes of its weights: without them, the model cannot be created.
  if (!isFunctionRecord(shape.mixer) || isKnownFunction('mixer', shape.mixer)) checkTensors(shape, tensors, file)
  const weights = whichWeights(stored, source?.values, options.weights, file)
  if (options.weights !== undefined && weights === 'saved')
    notes.push(`weights=${options.weights}: the file holds one set, and does not say which`)
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

/**
 * Checks the shapes of weights by the configuration that they were trained with; of a custom mixer, which knows the shapes of its
 * weights itself, only where it is known here.
 *
 * @param config flat configuration with every effective value
 * @throws UserError naming the tensor or the key at fault.
 */
export function checkShapes(file: string, config: JsonObject, tensors: TensorShapes): void {
  const facts = factsOfTensors(tensors, file, isFunctionRecord(config.mixer))
  const told = ownConfig(config)
  const shape = shapeFor(completeConfig(told.config, told.sizes, facts, file, told.assumed), facts, file)
  if (!isFunctionRecord(shape.mixer) || isKnownFunction('mixer', shape.mixer)) checkTensors(shape, tensors, file)
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
  if (wrappers.size > 0) notes.push(`stripped from the names: ${[...wrappers].join(', ')}`)
  return tensors
}

/**
 * Adds initial latents of zeros to the weights of EqR (arXiv 2605.21488), which has none: it draws y and z for every puzzle.
 * They are recognised by that lack: every other model of one stack stores at least one.
 */
function withInitialLatents(tensors: Map<string, HostTensor>, notes: string[]): Map<string, HostTensor> {
  const names = [...tensors.keys()]
  const width = tensors.get('embed_tokens.embedding_weight')?.shape[1]
  const isOneStack = names.some((name) => name.startsWith('L_level.')) && !names.some((name) => name.startsWith('H_'))
  if (width === undefined || !isOneStack || names.some((name) => name.endsWith('_init'))) return tensors
  for (const name of ['H_init', 'L_init']) tensors.set(name, { shape: [width], data: new Float32Array(width) })
  notes.push(
    'no initial latents in the file: EqR draws them at random for every puzzle; here they are zeros, and init=random draws them where rollouts are computed',
  )
  return tensors
}

/**
 * Returns the shape of the model that a file's weights belong to.
 *
 * @param seqLen tokens per puzzle of the data, for a file that does not record it
 * @throws UserError when neither determines it, or they disagree.
 */
export function shapeOfWeights({ file, config, sizes }: WeightsFile, seqLen?: number): ModelShape {
  const length = sizes.seqLen ?? seqLen
  if (length === undefined || (seqLen !== undefined && seqLen !== length))
    throw new UserError({
      where: file,
      expected: length === undefined ? 'the length of a puzzle' : `puzzles of ${length} tokens`,
      found: length === undefined ? 'none in the file or its configuration' : `puzzles of ${seqLen}`,
      todo: 'Name the data set it was trained for.',
    })
  return configuredShape(resolveConfig(parseConfig(config)), { ...sizes, seqLen: length })
}

/**
 * Returns a shape for checking tensors: the puzzle length matters only to tensors of that length, which then determine
 * it.
 */
function shapeFor({ config, sizes }: CompleteConfig, { tokens }: WeightsFacts, from: string): ModelShape {
  try {
    const resolved = resolveConfig(parseConfig(config))
    const seqLen = tokens === null ? (sizes.seqLen ?? 1) : tokens - resolved.model.puzzleTokens
    return configuredShape(resolved, { ...sizes, seqLen })
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

/** Returns the flat configuration in a file: a run's record, or a configuration of the published code. */
function configIn(file: string): JsonObject {
  const values = readConfigFile(file)
  return isRecordedConfig(values) ? flattenGroups(recordedConfig(values, file).resolved) : values
}

/** Keeps Recurlab's current keys; notes those of other versions. */
function ownConfig(values: JsonObject): PublishedConfig {
  const known = Object.entries(values).filter(([key]) => Object.hasOwn(configSchema.shape, key))
  const notes = Object.keys(values)
    .filter((key) => !Object.hasOwn(configSchema.shape, key))
    .map((key) => `${key}: unknown and ignored`)
  return { config: Object.fromEntries(known) as ConfigInput, sizes: {}, assumed: {}, notes }
}

/** Official files hold one set of weights; their configuration says whether it is the EMA. */
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
      found: held === 'ema' ? 'only the EMA' : 'only live weights',
      todo: `Leave weights=${asked} out.`,
      exitCode: 2,
    })
  return held
}

function stepOfName(file: string): number | null {
  const digits = /^step_(\d{1,12})(?:\.\w+)?$/.exec(path.basename(file))?.[1]
  return digits === undefined ? null : Number(digits)
}
