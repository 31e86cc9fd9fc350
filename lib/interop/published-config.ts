import { type ConfigInput, configSchema } from '../config/schema.js'
import { UserError } from '../errors.js'
import { valueText } from '../files/cell.js'
import { isJsonObject, type JsonObject, kindOf } from '../files/json.js'
import { describeIssue } from '../options/options.js'
import { taskNames } from '../tasks/registry.js'
import {
  type DataSizes,
  EQR_ONLY,
  EQR_UNUSED,
  FIXED,
  IRRELEVANT,
  MODULES,
  type PublishedModel,
  RENAMED,
  SIZES,
  SPECIAL,
  USUAL,
} from './published-keys.js'

/** Maximum characters of a value in a message. */
const MOST = 80

export type { DataSizes, PublishedModel } from './published-keys.js'

/** A configuration of the published code, mapped to Recurlab's keys. */
export interface PublishedConfig {
  /** Keys that the published configuration sets; tensors and defaults supply the rest. */
  readonly config: ConfigInput
  readonly sizes: DataSizes
  /** Defaults of the published code for keys that neither the configuration nor the tensors determine. */
  readonly assumed: ConfigInput
  /** Notes on each ignored key, with the reason. */
  readonly notes: readonly string[]
}

/** A value with its position, e.g. `arch.loss.loss_type`. */
interface SourcedValue {
  readonly path: string
  readonly value: unknown
}

/** Returns whether an object is a configuration of the published code, nested under `arch` or flat. */
export function isPublishedConfig(value: JsonObject): boolean {
  return isJsonObject(value.arch) || Object.hasOwn(value, 'hidden_size')
}

/**
 * Maps a configuration of the published code (`all_config.yaml`, or flat as in `config.json`) to Recurlab's keys.
 *
 * @param model the model that the tensors belong to
 * @param where the file, for errors
 * @throws UserError when a key rejects its value, or the configuration and the tensors name different models.
 */
export function fromPublishedConfig(source: JsonObject, model: PublishedModel, where: string): PublishedConfig {
  const told = flatten(source, where)
  checkModule(source, model, where)
  const config: Record<string, unknown> = {}
  const paths = new Map<string, string>()
  const put = (key: string, value: unknown, path: string): void => {
    config[key] = value
    paths.set(key, path)
  }
  const sizes: { -readonly [key in keyof DataSizes]: number } = {}
  const notes = isEqr(source) ? eqrNotes(told) : []
  for (const [key, { path, value }] of told) {
    const ours = RENAMED.get(key)
    const size = SIZES.get(key)
    if (ours !== undefined && value !== null) put(ours, value, path)
    else if (size !== undefined) sizes[size] = whole(value, `${where}, key ${path}`)
    else if (FIXED.has(key) && FIXED.get(key) !== value)
      throw new UserError({
        where: `${where}, key ${path}`,
        expected: valueText(FIXED.get(key), MOST),
        found: valueText(value, MOST),
      })
    else if (USUAL.get(key) !== value && ![RENAMED, FIXED, IRRELEVANT, SPECIAL].some((known) => known.has(key)))
      notes.push(`${path}: ${valueText(value, MOST)} is unknown and ignored`)
  }
  special(told, model, where, put, notes)
  for (const [key, value] of Object.entries(config)) checkValue(key, value, `${where}, key ${paths.get(key)}`)
  // The default of the published class; HRM and direct prediction have no such key.
  return { config: config as ConfigInput, sizes, assumed: model.model === 'trm' ? { puzzleTokens: 16 } : {}, notes }
}

/** Returns whether a configuration is EqR's (arXiv 2605.21488): by its model's name, or by λ in a flat one. */
function isEqr(source: JsonObject): boolean {
  return isJsonObject(source.arch) ? /(?:^|\.)eqr@/.test(String(source.arch.name)) : Object.hasOwn(source, 'lambda_')
}

/** Takes the keys out that only EqR has, and returns notes on them. */
function eqrNotes(told: Map<string, SourcedValue>): string[] {
  const only = EQR_ONLY.flatMap((key) => {
    const entry = told.get(key)
    return entry === undefined ? [] : [`${key} ${valueText(entry.value, MOST)}`]
  })
  for (const key of [...EQR_ONLY, ...EQR_UNUSED]) told.delete(key)
  if (only.length === 0) return []
  return [
    `EqR (${only.join(', ')}): a net call is h ← (1−λ)·h + λ·net(h) + noise there, and net(h) here; think with dampingAt=call damping=λ, noiseAt=call, noise and init=random computes EqR's own`,
  ]
}

/** Maps keys whose meaning depends on the model or differs from Recurlab's. */
function special(
  told: ReadonlyMap<string, SourcedValue>,
  { model, latents }: PublishedModel,
  where: string,
  put: (key: string, value: unknown, path: string) => void,
  notes: string[],
): void {
  const on = (key: string, use: (value: unknown, path: string, at: string) => void): void => {
    const entry = told.get(key)
    if (entry && entry.value !== null) use(entry.value, entry.path, `${where}, key ${entry.path}`)
  }
  const rename = (key: string, ours: string): void => on(key, (value, path) => put(ours, value, path))
  const unused = (key: string, trivial: number): void =>
    on(key, (value, path) => {
      if (value !== trivial) notes.push(`${path}: ${valueText(value, MOST)} has no effect on this model and is ignored`)
    })
  if (model === 'direct') {
    rename('H_layers', 'layers')
    unused('H_cycles', 1)
    for (const key of ['L_cycles', 'L_layers', 'puzzle_emb_len']) unused(key, 0)
  } else {
    rename('L_layers', 'layers')
    rename('H_cycles', 'T')
    rename('L_cycles', 'n')
  }
  if (model === 'hrm') {
    rename('H_layers', 'layersH')
    unused('puzzle_emb_len', 0)
  }
  if (model === 'trm') {
    unused('H_layers', 0)
    rename('puzzle_emb_len', 'puzzleTokens')
    put('latents', latents, 'arch.name')
  }
  put('model', model, 'arch.name')
  on('mlp_t', (value, path, at) => put('mixer', flag(value, at) ? 'mlp' : 'attention', path))
  on('ema', (value, path, at) => {
    if (!flag(value, at)) put('ema', 0, path)
  })
  // The published trainers average only on request; a configuration of the model alone does not mention it.
  if (told.has('epochs') && !told.has('ema') && !told.has('ema_rate')) put('ema', 0, 'ema')
  on('no_ACT_continue', (value, path, at) => {
    if (model === 'trm') put('halting', flag(value, at) ? 'halt' : 'continue', path)
  })
  on('loss_type', (value, path, at) => {
    const kind = String(value).replace(/_cross_entropy$/, '')
    if (kind !== 'stablemax' && kind !== 'softmax')
      throw new UserError({
        where: at,
        expected: 'stablemax_cross_entropy or softmax_cross_entropy',
        found: valueText(value, MOST),
      })
    put('loss', kind, path)
  })
  on('data_paths', (value, path) => {
    const names = Array.isArray(value) ? value.map((folder) => String(folder).split('/').at(-1) ?? '') : []
    const task = taskNames().find((task) => names.some((name) => name.toLowerCase().startsWith(task)))
    if (task !== undefined) put('task', task, path)
  })
  on('forward_dtype', (value, path) => {
    if (value === 'float32') put('dtype', 'float32', path)
    else if (value !== 'bfloat16')
      notes.push(`${path}: ${valueText(value, MOST)} there; here dtype=auto, float32 or bfloat16`)
  })
}

/** Returns `arch.*` and `arch.loss.*` together with the top-level keys. */
function flatten(source: JsonObject, where: string): Map<string, SourcedValue> {
  const told = new Map<string, SourcedValue>()
  const add = (object: JsonObject, prefix: string, nested: string | null): void => {
    for (const [key, value] of Object.entries(object)) {
      if (key === nested || (prefix !== '' && key === 'name')) continue
      const before = told.get(key)
      const path = `${prefix}${key}`
      if (before)
        throw new UserError({ where: `${where}, key ${path}`, expected: 'every key once', found: `${before.path} too` })
      told.set(key, { path, value })
    }
  }
  add(source, '', 'arch')
  if (source.arch === undefined) return told
  const arch = object(source.arch, `${where}, key arch`)
  add(arch, 'arch.', 'loss')
  if (arch.loss !== undefined) add(object(arch.loss, `${where}, key arch.loss`), 'arch.loss.', null)
  return told
}

function checkModule(source: JsonObject, { model, latents }: PublishedModel, where: string): void {
  const name = isJsonObject(source.arch) ? source.arch.name : undefined
  if (name === undefined) return
  const module = /([^.@]+)@/.exec(String(name))?.[1] ?? ''
  const named = Object.hasOwn(MODULES, module) ? MODULES[module] : undefined
  if (!named)
    throw new UserError({
      where: `${where}, key arch.name`,
      expected: `a model of ${Object.keys(MODULES).join(', ')}`,
      found: valueText(name, MOST),
    })
  if (named.model !== model || (model === 'trm' && named.latents !== latents))
    throw new UserError({
      where: `${where}, key arch.name`,
      expected: `the model of the tensors (${model}, latents ${latents})`,
      found: valueText(name, MOST),
    })
}

function checkValue(key: string, value: unknown, where: string): void {
  const parsed = configSchema.shape[key as keyof ConfigInput]?.safeParse(value)
  if (parsed && !parsed.success)
    throw new UserError({ where, expected: describeIssue(parsed.error.issues[0]!), found: valueText(value, MOST) })
}

function object(value: unknown, where: string): JsonObject {
  if (isJsonObject(value)) return value
  throw new UserError({ where, expected: 'keys with values', found: kindOf(value) })
}

function flag(value: unknown, where: string): boolean {
  if (typeof value === 'boolean') return value
  throw new UserError({ where, expected: 'true or false', found: valueText(value, MOST) })
}

function whole(value: unknown, where: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value
  throw new UserError({ where, expected: 'a whole number of 1 or more', found: valueText(value, MOST) })
}
