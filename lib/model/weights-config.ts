import type { DataSizes } from '../config/published.js'
import type { ConfigInput, ConfigKey } from '../config/schema.js'
import { UserError } from '../errors.js'
import { swigluInner } from './shape.js'
import type { WeightsFacts } from './weights-facts.js'

/** A configuration made whole by what the tensors tell, and the sizes of the data it is for. */
export interface CompleteConfig {
  readonly config: ConfigInput
  readonly sizes: WeightsSizes
  readonly notes: readonly string[]
}

/** Sizes of the data that a model is for. */
export interface WeightsSizes {
  readonly vocabSize: number
  /** Rows of the puzzle embedding; 1 where nothing says. */
  readonly puzzleIdentifiers: number
  /** Tokens of a puzzle; null where neither the configuration nor a tensor says. */
  readonly seqLen: number | null
}

/** Expansions that are tried where a configuration names none: any that gives the widths found is the same model. */
const EXPANSIONS = [4, 1, 2, 3, 6, 8, 0.5, 1.5, 2.5, 3.5, 5, 7, 16]

/**
 * Adds to a configuration what it does not say and the tensors tell.
 *
 * @param where where the configuration comes from, for errors
 * @throws UserError naming a key that contradicts the tensors.
 */
export function completeConfig(
  told: ConfigInput,
  sizes: DataSizes,
  facts: WeightsFacts,
  where: string,
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
  const model = modelOf(told, facts, agree, notes)
  tell('model', model, facts.twoStacks ? 'H_level and L_level' : facts.layers > 0 ? 'the stacks there are' : '')
  if (model === 'trm') {
    tell('latents', facts.latents, 'the initial states there are')
    tell('networks', facts.twoStacks ? 'separate' : 'shared', 'the stacks there are')
    if (facts.latents === 'multi') tell('n', facts.scales, `L1_init to L${facts.scales}_init`)
  }
  tell('mixer', facts.mixer, facts.mixer === 'mlp' ? 'mlp_t' : 'self_attn')
  tell('hidden', facts.hidden, 'embed_tokens.embedding_weight')
  tell('layers', facts.layers, 'the highest layers.N')
  if (facts.layersH !== null) tell('layersH', facts.layersH, 'the highest H_level.layers.N')
  tell('puzzleDim', facts.puzzle?.dim ?? 0, facts.puzzle ? 'puzzle_emb.weights' : 'no puzzle_emb.weights')
  config.positions = positions(told, facts, agree, notes)
  config.expansion = expansion(told, facts, where)
  config.heads = heads(told, facts, where, notes)
  const { seqLen, puzzleTokens } = lengths(told, sizes, facts, model, agree)
  config.puzzleTokens = puzzleTokens
  agree('vocab_size', sizes.vocabSize, facts.vocabSize, 'embed_tokens.embedding_weight')
  const rows = facts.puzzle?.rows
  if (rows !== undefined) agree('num_puzzle_identifiers', sizes.puzzleIdentifiers, rows, 'puzzle_emb.weights')
  for (const key of Object.keys(config) as ConfigKey[]) if (config[key] === undefined) delete config[key]
  const open = (model === 'direct' ? (['K'] as const) : (['T', 'n', 'K'] as const)).filter((key) => config[key] == null)
  if (open.length > 0) notes.push(`${open.join(', ')}: not said, and tensors cannot tell; the defaults are taken`)
  return {
    config: config as ConfigInput,
    sizes: { vocabSize: facts.vocabSize, puzzleIdentifiers: rows ?? sizes.puzzleIdentifiers ?? 1, seqLen },
    notes,
  }
}

type Agree = (key: string, value: unknown, found: unknown, why: string) => void

function modelOf(told: ConfigInput, facts: WeightsFacts, agree: Agree, notes: string[]): 'trm' | 'hrm' | 'direct' {
  if (!facts.twoStacks) return facts.model
  if (told.model == null)
    notes.push('model: two stacks, taken for HRM; a TRM with separate networks has the same tensors')
  if (told.model === 'direct') agree('model', told.model, 'hrm', 'H_level and L_level')
  return told.model === 'trm' ? 'trm' : 'hrm'
}

function positions(told: ConfigInput, facts: WeightsFacts, agree: Agree, notes: string[]): ConfigInput['positions'] {
  if (facts.learnedPositions) {
    agree('positions', told.positions, 'learned', 'embed_pos.embedding_weight')
    return 'learned'
  }
  if (told.positions === 'learned') agree('positions', told.positions, 'rope or none', 'no embed_pos.embedding_weight')
  if (told.positions === 'rope' && facts.mixer === 'mlp') {
    notes.push('positions: rope has no effect on an MLP and is left out')
    return 'none'
  }
  return told.positions
}

function expansion(told: ConfigInput, { hidden, inner, innerL, tokens }: WeightsFacts, where: string): number {
  const fits = (e: number): boolean =>
    swigluInner(hidden, e) === inner && (innerL === null || tokens === null || swigluInner(tokens, e) === innerL)
  const found = told.expansion ?? EXPANSIONS.find(fits)
  if (found !== undefined && fits(found)) return found
  throw new UserError({
    where: `${where}, key expansion`,
    expected: `an expansion that makes SwiGLUs of width ${[inner, innerL].filter((w) => w !== null).join(' and ')}, as the tensors have them`,
    found: told.expansion === undefined ? 'none named, and no usual one does' : String(told.expansion),
    todo: 'Name the configuration with config=FILE.',
  })
}

function heads(told: ConfigInput, { hidden, width }: WeightsFacts, where: string, notes: string[]): number | undefined {
  if (width === null) return told.heads
  if (told.heads === undefined) {
    notes.push('heads: not said, and tensors cannot tell; the default is taken')
    return undefined
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

/** seqLen + P = L, where a tensor says L; HRM and direct prediction fix P. */
function lengths(
  told: ConfigInput,
  sizes: DataSizes,
  { hidden, tokens, puzzle }: WeightsFacts,
  model: 'trm' | 'hrm' | 'direct',
  agree: Agree,
): { seqLen: number | null; puzzleTokens: number | undefined } {
  const needed = Math.ceil((puzzle?.dim ?? 0) / hidden)
  const fixed = model === 'trm' ? told.puzzleTokens : 0
  const seqLenOf = (P: number): number => {
    if (tokens !== null) agree('seq_len', sizes.seqLen, tokens - P, `L = ${tokens}, of which ${P} are puzzle tokens`)
    return tokens === null ? sizes.seqLen! : tokens - P
  }
  if (fixed !== undefined) {
    const P = fixed || needed
    return { seqLen: tokens === null && sizes.seqLen === undefined ? null : seqLenOf(P), puzzleTokens: fixed }
  }
  if (tokens === null || sizes.seqLen === undefined) return { seqLen: sizes.seqLen ?? null, puzzleTokens: undefined }
  return { seqLen: sizes.seqLen, puzzleTokens: tokens - sizes.seqLen }
}
