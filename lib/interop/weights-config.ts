import { isFunctionRecord, shownValue } from '../config/functions.js'
import type { ConfigInput, ConfigKey } from '../config/schema.js'
import { UserError } from '../errors.js'
import { swigluInner } from '../model/shape.js'
import type { DataSizes } from './published-config.js'
import type { WeightsFacts } from './weights-facts.js'

/** A configuration completed from the tensors, and the sizes of its data. */
export interface CompleteConfig {
  readonly config: ConfigInput
  readonly sizes: WeightsSizes
  readonly notes: readonly string[]
}

/** Sizes of the data that a model expects. */
export interface WeightsSizes {
  readonly vocabSize: number
  /** Rows of the puzzle embedding; 1 when unknown. */
  readonly puzzleIdentifiers: number
  /** Tokens per puzzle; null when neither the configuration nor a tensor determines it. */
  readonly seqLen: number | null
}

/** Candidates for the number of heads when a configuration names none: the first that gives an even head size. */
const HEADS = [8, 4, 2]

/**
 * Completes a configuration with the values that the tensors determine.
 *
 * @param where origin of the configuration, for errors
 * @param assumed values for keys that neither determines
 * @throws UserError naming a key that contradicts the tensors.
 */
export function completeConfig(
  told: ConfigInput,
  sizes: DataSizes,
  facts: WeightsFacts,
  where: string,
  assumed: ConfigInput = {},
): CompleteConfig {
  const notes: string[] = []
  const agree = (key: string, value: unknown, found: unknown, why: string): void => {
    if (value !== undefined && value !== null && value !== found)
      throw new UserError({
        where: `${where}, key ${key}`,
        expected: `${key} ${String(found)}, as the tensors have it (${why})`,
        found: String(value),
        todo: 'The configuration belongs to other weights: name the right one with config=FILE.',
      })
  }
  const config: { -readonly [K in ConfigKey]?: ConfigInput[K] | undefined } = { ...told }
  const tell = <K extends ConfigKey>(key: K, value: ConfigInput[K], why: string): void => {
    agree(key, told[key], value, why)
    config[key] = value
  }
  const model = modelOf(told, facts, notes)
  tell('model', model, 'the number of stacks')
  if (model === 'trm') {
    if (!told.recursion) tell('latents', facts.latents, 'the initial states')
    tell('networks', facts.twoStacks ? 'separate' : 'shared', 'the number of stacks')
    if (!told.recursion && facts.latents === 'multi') tell('n', facts.scales, `L1_init to L${facts.scales}_init`)
  }
  config.mixer = mixer(told, facts, where, agree)
  tell('hidden', facts.hidden, 'embed_tokens.embedding_weight')
  tell('layers', facts.layers, 'the highest layers.N')
  if (facts.layersH !== null) tell('layersH', facts.layersH, 'the highest H_level.layers.N')
  tell('puzzleDim', facts.puzzle?.dim ?? 0, facts.puzzle ? 'puzzle_emb.weights' : 'no puzzle_emb.weights')
  config.positions = positions(told, facts, agree, notes)
  config.expansion = expansion(told, facts, where)
  config.heads = heads(told, facts, where, notes)
  const P = puzzleTokens(told, sizes, facts, model, assumed, notes)
  config.puzzleTokens = P
  const seqLen = puzzleLength(P || Math.ceil((facts.puzzle?.dim ?? 0) / facts.hidden), sizes, facts, agree)
  agree('vocab_size', sizes.vocabSize, facts.vocabSize, 'embed_tokens.embedding_weight')
  const rows = facts.puzzle?.rows
  if (rows !== undefined) agree('num_puzzle_identifiers', sizes.puzzleIdentifiers, rows, 'puzzle_emb.weights')
  for (const key of Object.keys(config) as ConfigKey[]) if (config[key] === undefined) delete config[key]
  const open = (model === 'direct' || told.recursion ? (['K'] as const) : (['T', 'n', 'K'] as const)).filter(
    (key) => config[key] == null,
  )
  if (open.length > 0)
    notes.push(
      `${open.join(', ')}: not in the configuration, and not determined by the tensors; the defaults are used and may be wrong`,
    )
  return {
    config: config as ConfigInput,
    sizes: { vocabSize: facts.vocabSize, puzzleIdentifiers: rows ?? sizes.puzzleIdentifiers ?? 1, seqLen },
    notes,
  }
}

type Agree = (key: string, value: unknown, found: unknown, why: string) => void

function modelOf(told: ConfigInput, facts: WeightsFacts, notes: string[]): 'trm' | 'hrm' | 'direct' {
  if (!facts.twoStacks) return facts.model
  if (told.model == null)
    notes.push('model: two stacks, assumed to be HRM; a TRM with separate networks has the same tensors')
  return told.model === 'trm' ? 'trm' : 'hrm'
}

/** Tensors cannot identify a custom mixer, which may have no weights. */
function mixer(told: ConfigInput, facts: WeightsFacts, where: string, agree: Agree): ConfigInput['mixer'] {
  if (isFunctionRecord(told.mixer)) {
    if (facts.mixer === 'own') return told.mixer
    agree('mixer', shownValue(told.mixer), facts.mixer, facts.mixer === 'mlp' ? 'mlp_t' : 'self_attn')
  }
  if (facts.mixer === 'own')
    throw new UserError({
      where: `${where}, key mixer`,
      expected: "the record of the user's own mixer, whose weights the tensors are",
      found: told.mixer === undefined ? 'none' : String(told.mixer),
      todo: 'Name the configuration that belongs to the weights with config=FILE.',
    })
  agree('mixer', told.mixer, facts.mixer, facts.mixer === 'mlp' ? 'mlp_t' : 'self_attn')
  return facts.mixer
}

function positions(told: ConfigInput, facts: WeightsFacts, agree: Agree, notes: string[]): ConfigInput['positions'] {
  if (facts.learnedPositions) {
    agree('positions', told.positions, 'learned', 'embed_pos.embedding_weight')
    return 'learned'
  }
  if (told.positions === 'learned') agree('positions', told.positions, 'rope or none', 'no embed_pos.embedding_weight')
  if (told.positions === 'rope' && facts.mixer === 'mlp') {
    notes.push('positions: rope has no effect on an MLP and is ignored')
    return 'none'
  }
  return told.positions
}

/** Any expansion that gives the observed widths makes the same model; preferred are 4, then a whole number. */
function expansion(told: ConfigInput, facts: WeightsFacts, where: string): number {
  const swiglus = [{ size: facts.hidden, width: facts.inner }]
  if (facts.tokens !== null && facts.innerL !== null) swiglus.push({ size: facts.tokens, width: facts.innerL })
  const fits = (e: number): boolean => swiglus.every(({ size, width }) => swigluInner(size, e) === width)
  const least = Math.max(...swiglus.map(({ size, width }) => ((width - 255.5) * 1.5) / size))
  const most = Math.min(...swiglus.map(({ size, width }) => (width * 1.5) / size))
  const found = told.expansion ?? [4, Math.ceil(least), most, least].find(fits)
  if (found !== undefined && fits(found)) return found
  throw new UserError({
    where: `${where}, key expansion`,
    expected: `an expansion that makes SwiGLUs of width ${swiglus.map(({ width }) => width).join(' and ')}, as the tensors have them`,
    found: told.expansion === undefined ? 'no such expansion' : String(told.expansion),
    todo: 'The configuration belongs to other weights: name the right one with config=FILE.',
  })
}

function heads(told: ConfigInput, { hidden, width }: WeightsFacts, where: string, notes: string[]): number | undefined {
  if (width === null) return told.heads
  if (told.heads === undefined) {
    const taken = HEADS.find((n) => hidden % (2 * n) === 0) ?? 1
    notes.push(`heads: not in the configuration, and not determined by the tensors; ${taken} is used and may be wrong`)
    return taken
  }
  const size = Math.floor(hidden / told.heads)
  if (told.heads * size === width) return told.heads
  throw new UserError({
    where: `${where}, key heads`,
    expected: `heads whose width together is ${width}, as the tensors have it (self_attn.o_proj.weight)`,
    found: `${told.heads} of ${size}`,
    todo: 'The configuration belongs to other weights: name the right one with config=FILE.',
  })
}

/**
 * Returns P as configured, or as L leaves beside the puzzle; HRM and direct prediction derive it from the embedding: 0.
 */
function puzzleTokens(
  told: ConfigInput,
  sizes: DataSizes,
  { tokens, puzzle }: WeightsFacts,
  model: 'trm' | 'hrm' | 'direct',
  assumed: ConfigInput,
  notes: string[],
): number {
  if (model !== 'trm' || puzzle === null) return told.puzzleTokens ?? 0
  if (told.puzzleTokens !== undefined) return told.puzzleTokens
  if (tokens !== null && sizes.seqLen !== undefined) return tokens - sizes.seqLen
  const P = assumed.puzzleTokens ?? 0
  notes.push(`puzzleTokens: not in the configuration; assumed to be ${P === 0 ? 'as many as the embedding needs' : P}`)
  return P
}

/** Solves seqLen + P = L when a tensor determines L. */
function puzzleLength(P: number, sizes: DataSizes, { tokens }: WeightsFacts, agree: Agree): number | null {
  if (tokens === null) return sizes.seqLen ?? null
  agree('seq_len', sizes.seqLen, tokens - P, `L = ${tokens}, ${P} of them puzzle tokens`)
  return tokens - P
}
