import type { FunctionRecord } from '../config/functions.js'
import { UserError } from '../errors.js'
import type { Recursion } from '../recursion/data.js'
import { countCalls } from '../recursion/program.js'
import { recursionOf } from './recursion.js'

/** When a row stops working on its puzzle, and what the halting head learns. */
export type Halting =
  /** q_halt > 0; TRM. */
  | 'halt'
  /** q_halt > q_continue, without a continue loss; direct prediction. */
  | 'compare'
  /** q_halt > q_continue, with the continue loss and its extra forward pass; HRM, and TRM "with ACT". */
  | 'continue'
  /** After K steps only; the heads of halting learn nothing. */
  | 'none'

/** The sizes and switches that fix a model's weights and arithmetic; `models.md` of the reference names them alike. */
export interface ModelShape {
  readonly model: 'trm' | 'hrm' | 'direct'
  /** `two`: y and z; `single`: one latent (z; y in direct prediction); `multi`: y and z_1…z_n. */
  readonly latents: 'two' | 'single' | 'multi'
  /** One network for both uses, or one for z (`L_level`) and one for y (`H_level`). */
  readonly networks: 'shared' | 'separate'
  /** The updates that carry gradient: the whole last latent recursion, or its last two updates. */
  readonly gradient: 'full' | 'one-step'
  readonly halting: Halting
  /** Only the puzzle embedding is trained. */
  readonly freeze: boolean
  /** The recursion of a supervision step; null: as model, latents, T, n and gradient have it. */
  readonly recursion: Recursion | null
  /** The mixer of tokens: self-attention, an MLP over the L axis ("mlp_t"), or the user's own `Mixer`, by its record. */
  readonly mixer: 'attention' | 'mlp' | FunctionRecord
  /** Hidden size D. */
  readonly hidden: number
  /** Attention heads h, each of size floor(D / h). */
  readonly heads: number
  /** Blocks in the one network, or in the one for z. */
  readonly layers: number
  /** Blocks in the network for y, where it is another. */
  readonly layersH: number
  /** SwiGLU expansion. */
  readonly expansion: number
  readonly positions: 'rope' | 'learned' | 'none'
  /** Latent recursions per supervision step, T (`H_cycles`); 1 in direct prediction. */
  readonly T: number
  /** Updates of z per latent recursion, n (`L_cycles`); 0 in direct prediction. */
  readonly n: number
  /** Supervision steps K (`halt_max_steps`). */
  readonly K: number
  /** Puzzle-embedding tokens P placed before the puzzle's own tokens. */
  readonly puzzleTokens: number
  /** Width of a puzzle-embedding row; 0: no puzzle embedding. */
  readonly puzzleDim: number
  /** Rows of the puzzle-embedding table. */
  readonly puzzleIdentifiers: number
  /** Vocabulary V. */
  readonly vocabSize: number
  /** Tokens of a puzzle; the network sees L = seqLen + P. */
  readonly seqLen: number
}

/** All tokens the network sees, L = seqLen + P. */
export function totalTokens(shape: ModelShape): number {
  return shape.seqLen + shape.puzzleTokens
}

/** Width of a SwiGLU's inner layer: `ceil(round(expansion·d·2/3) / 256)·256`. */
export function swigluInner(d: number, expansion: number): number {
  return Math.ceil(Math.round((expansion * d * 2) / 3) / 256) * 256
}

/** Size of one attention head, floor(D / h). */
export function headSize(shape: ModelShape): number {
  return Math.floor(shape.hidden / shape.heads)
}

/** The latents by their names in the paper; the heads read the first. */
export function latentNames({ model, latents, n, recursion }: ModelShape): readonly string[] {
  if (recursion) return recursion.latents
  if (model === 'direct') return ['y']
  if (latents === 'single') return ['z']
  if (latents === 'two') return ['y', 'z']
  return ['y', ...Array.from({ length: n }, (_, i) => `z${i + 1}`)]
}

/** Published name of a latent: `z_H` of y, `z_L` of z, `z_L1` of z1. */
export function publishedLatent(latent: string): string {
  if (latent === 'y') return 'z_H'
  const numbered = /^z(\d*)$/.exec(latent)
  return numbered ? `z_L${numbered[1]}` : `z_${latent}`
}

/** Published name of the state that a latent starts from: `H_init` of y, `L_init` of z. */
export function initName(latent: string): string {
  return `${publishedLatent(latent).slice('z_'.length)}_init`
}

/** The stacks of blocks by their published names. */
export function stacks({ model, networks, layers, layersH }: ModelShape): readonly { name: string; layers: number }[] {
  if (model === 'direct') return [{ name: 'H_level', layers }]
  const forZ = { name: 'L_level', layers }
  return networks === 'shared' ? [forZ] : [{ name: 'H_level', layers: layersH }, forZ]
}

/**
 * Blocks passed through in a supervision step, the paper's depth: T(n + 1)·layers of a TRM.
 *
 * @param updates only the last ones; default all
 */
export function depth(shape: ModelShape, updates?: number): number {
  const layers = stacks(shape).map((stack) => stack.layers)
  const { net, netY } = countCalls(recursionOf(shape), updates)
  return net * layers.at(-1)! + netY * layers.at(0)!
}

/**
 * Checks what no single number can tell.
 *
 * @throws UserError when sizes do not fit together.
 */
export function checkShape(shape: ModelShape): void {
  if (shape.mixer === 'attention' && headSize(shape) < 1)
    throw new UserError({
      where: 'heads',
      expected: `at most hidden (${shape.hidden})`,
      found: String(shape.heads),
      exitCode: 2,
    })
  if (shape.mixer === 'attention' && shape.positions === 'rope' && headSize(shape) % 2 === 1)
    throw new UserError({
      where: 'heads',
      expected: 'an even head size hidden/heads for rotary positions',
      found: `${shape.hidden}/${shape.heads} = ${headSize(shape)}`,
      todo: 'Change heads or hidden, or set positions=learned or positions=none.',
      exitCode: 2,
    })
  if (shape.puzzleDim > shape.puzzleTokens * shape.hidden)
    throw new UserError({
      where: 'puzzleDim',
      expected: `at most puzzleTokens × hidden = ${shape.puzzleTokens * shape.hidden}`,
      found: String(shape.puzzleDim),
      todo: 'Raise puzzleTokens or lower puzzleDim.',
      exitCode: 2,
    })
}
