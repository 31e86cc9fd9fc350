import { UserError } from '../errors.js'

/** Shapes by published name: all that is needed to tell what model some tensors are. */
export type TensorShapes = ReadonlyMap<string, { readonly shape: readonly number[] }>

/** Facts about a model that its tensors alone tell. */
export interface WeightsFacts {
  readonly model: 'trm' | 'hrm' | 'direct'
  readonly latents: 'two' | 'single' | 'multi'
  /** Two stacks: HRM, or a TRM with separate networks; tensors cannot tell which. */
  readonly twoStacks: boolean
  /** `own`: a mixer of the user's own, whose weights are called `….mixer.NAME`. */
  readonly mixer: 'attention' | 'mlp' | 'own'
  readonly hidden: number
  /** Blocks of the one stack, or of `L_level`. */
  readonly layers: number
  /** Blocks of `H_level` beside `L_level`; null without. */
  readonly layersH: number | null
  readonly learnedPositions: boolean
  /** Multi-scale z: how many. */
  readonly scales: number
  /** Width of the SwiGLU over D, and of that over L (MLP only). */
  readonly inner: number
  readonly innerL: number | null
  /** heads × head size (attention only). */
  readonly width: number | null
  readonly vocabSize: number
  /** All tokens, L = seqLen + P, where a tensor is as long: of an MLP, or with learned positions. */
  readonly tokens: number | null
  /** Rows and width of the puzzle embedding; null without. */
  readonly puzzle: { readonly rows: number; readonly dim: number } | null
}

/**
 * Reads off the tensors what model they are of.
 *
 * @param where the file, for errors
 * @param hasOwnMixer whether the configuration says that the mixer is the user's own, which may have no weights
 * @throws UserError naming a tensor that every model has and that is missing or of the wrong rank.
 */
export function factsOfTensors(tensors: TensorShapes, where: string, hasOwnMixer = false): WeightsFacts {
  const matrix = (name: string): [rows: number, columns: number] => {
    const shape = tensors.get(name)?.shape
    if (shape?.length === 2) return [shape[0]!, shape[1]!]
    throw new UserError({
      where: `${where}, tensor ${name}`,
      expected: 'a matrix, as in every model of the published code',
      found: shape ? `[${shape.join(', ')}]` : `no such tensor among ${few([...tensors.keys()])}`,
      todo: 'The file holds no TRM, HRM or direct-prediction model, or not all of it.',
    })
  }
  const [vocabSize, hidden] = matrix('embed_tokens.embedding_weight')
  const lower = countLayers(tensors, 'L_level')
  const upper = countLayers(tensors, 'H_level')
  const at = `${lower > 0 ? 'L_level' : 'H_level'}.layers.0`
  const builtIn = tensors.has(`${at}.mlp_t.down_proj.weight`) ? 'mlp' : 'attention'
  const isNamed = (part: string): boolean => [...tensors.keys()].some((name) => name.startsWith(`${at}.${part}.`))
  const isOwn = isNamed('mixer') || (hasOwnMixer && !isNamed('mlp_t') && !isNamed('self_attn'))
  const mixer = isOwn ? 'own' : builtIn
  const [, inner] = matrix(`${at}.mlp.down_proj.weight`)
  const over = mixer === 'mlp' ? matrix(`${at}.mlp_t.down_proj.weight`) : null
  const positions = tensors.has('embed_pos.embedding_weight') ? matrix('embed_pos.embedding_weight') : null
  const table = tensors.has('puzzle_emb.weights') ? matrix('puzzle_emb.weights') : null
  const scales = countScales(tensors)
  return {
    model: lower === 0 ? 'direct' : upper > 0 ? 'hrm' : 'trm',
    latents: scales > 0 ? 'multi' : tensors.has('H_init') && tensors.has('L_init') ? 'two' : 'single',
    twoStacks: lower > 0 && upper > 0,
    mixer,
    hidden,
    layers: lower || upper,
    layersH: lower > 0 && upper > 0 ? upper : null,
    learnedPositions: positions !== null,
    scales,
    inner,
    innerL: over?.[1] ?? null,
    width: mixer === 'attention' ? matrix(`${at}.self_attn.o_proj.weight`)[1] : null,
    vocabSize,
    tokens: over?.[0] ?? positions?.[0] ?? null,
    puzzle: table && { rows: table[0], dim: table[1] },
  }
}

/** Blocks of a stack, by the highest number; a gap shows when the model is made. */
function countLayers(tensors: TensorShapes, stack: string): number {
  let count = 0
  for (const name of tensors.keys()) {
    const index = name.startsWith(`${stack}.layers.`) ? /^\d{1,4}(?=\.)/.exec(name.slice(stack.length + 8)) : null
    if (index) count = Math.max(count, Number(index[0]) + 1)
  }
  return count
}

function countScales(tensors: TensorShapes): number {
  let count = 0
  while (tensors.has(`L${count + 1}_init`)) count++
  return count
}

function few(names: readonly string[]): string {
  const shown = names.slice(0, 3).map((name) => JSON.stringify(name.slice(0, 80)))
  return names.length > 3 ? `${shown.join(', ')} and ${names.length - 3} more` : shown.join(', ') || 'none'
}
