import type { FunctionRecord } from '../config/functions.js'
import { UserError } from '../errors.js'
import type { Recursion } from '../recursion/data.js'
import { countCalls } from '../recursion/program.js'
import { recursionOf } from './recursion.js'

/** The condition on which a row halts, and the targets of the halting head. */
export type Halting =
  /** q_halt > 0; TRM. */
  | 'halt'
  /** q_halt > q_continue, without a continue loss; direct prediction. */
  | 'compare'
  /** q_halt > q_continue, with the continue loss and its second forward pass; HRM, and TRM "with ACT". */
  | 'continue'
  /** After K steps only; the halting head is not trained. */
  | 'none'

/** The sizes and switches that determine a model's weights and arithmetic, named as in `models.md` of the reference. */
export interface ModelShape {
  readonly model: 'trm' | 'hrm' | 'direct'
  /** `two`: y and z; `single`: one latent (z; y in direct prediction); `multi`: y and z_1…z_n. */
  readonly latents: 'two' | 'single' | 'multi'
  /** One network for both updates, or one for z (`L_level`) and one for y (`H_level`). */
  readonly networks: 'shared' | 'separate'
  /** The updates that carry gradient: the whole last latent recursion, or its last two updates. */
  readonly gradient: 'full' | 'one-step'
  readonly halting: Halting
  /** Whether only the puzzle embedding is trained. */
  readonly freeze: boolean
  /** The recursion of a supervision step; null: the one that model, latents, T, n and gradient define. */
  readonly recursion: Recursion | null
  /** The token mixer: self-attention, an MLP over the L axis ("mlp_t"), or the record of a custom `Mixer`. */
  readonly mixer: 'attention' | 'mlp' | FunctionRecord
  /** Hidden size D. */
  readonly hidden: number
  /** Attention heads h, each of size floor(D / h). */
  readonly heads: number
  /** Blocks in the shared network, or in the one for z. */
  readonly layers: number
  /** Blocks in the network for y, if networks are separate. */
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

/** Returns the number of tokens the network sees, L = seqLen + P. */
export function totalTokens(shape: ModelShape): number {
  return shape.seqLen + shape.puzzleTokens
}

/** Returns the width of a SwiGLU's inner layer: `ceil(round(expansion·d·2/3) / 256)·256`. */
export function swigluInner(d: number, expansion: number): number {
  return Math.ceil(Math.round((expansion * d * 2) / 3) / 256) * 256
}

/** Returns the size of one attention head, floor(D / h). */
export function headSize(shape: ModelShape): number {
  return Math.floor(shape.hidden / shape.heads)
}

/** Returns the latents' names in the paper; the heads read the first. */
export function latentNames({ model, latents, n, recursion }: ModelShape): readonly string[] {
  if (recursion) return recursion.latents
  if (model === 'direct') return ['y']
  if (latents === 'single') return ['z']
  if (latents === 'two') return ['y', 'z']
  return ['y', ...Array.from({ length: n }, (_, i) => `z${i + 1}`)]
}

/** Returns the published name of a latent: `z_H` for y, `z_L` for z, `z_L1` for z1. */
export function publishedLatent(latent: string): string {
  if (latent === 'y') return 'z_H'
  const numbered = /^z(\d*)$/.exec(latent)
  return numbered ? `z_L${numbered[1]}` : `z_${latent}`
}

/** Returns the published name of a latent's initial value: `H_init` for y, `L_init` for z. */
export function initName(latent: string): string {
  return `${publishedLatent(latent).slice('z_'.length)}_init`
}

/** Returns the stacks of blocks by their published names. */
export function stacks({ model, networks, layers, layersH }: ModelShape): readonly { name: string; layers: number }[] {
  if (model === 'direct') return [{ name: 'H_level', layers }]
  const forZ = { name: 'L_level', layers }
  return networks === 'shared' ? [forZ] : [{ name: 'H_level', layers: layersH }, forZ]
}

/**
 * Returns the blocks traversed in a supervision step, the paper's depth: T(n + 1)·layers for a TRM.
 *
 * @param updates number of final updates to count; default all
 */
export function depth(shape: ModelShape, updates?: number): number {
  const layers = stacks(shape).map((stack) => stack.layers)
  const { net, netY } = countCalls(recursionOf(shape), updates)
  return net * layers.at(-1)! + netY * layers.at(0)!
}

/**
 * Checks constraints between several keys.
 *
 * @throws UserError if sizes are incompatible.
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
