import { UserError } from '../errors.js'

/** The sizes and switches that fix a TRM's weights and arithmetic; `models.md` of the reference names them alike. */
export interface ModelShape {
  /** What mixes tokens: self-attention, or an MLP over the L axis ("mlp_t"). */
  readonly mixer: 'attention' | 'mlp'
  /** Hidden size D. */
  readonly hidden: number
  /** Attention heads h, each of size floor(D / h). */
  readonly heads: number
  /** Blocks in the one network. */
  readonly layers: number
  /** SwiGLU expansion. */
  readonly expansion: number
  readonly positions: 'rope' | 'learned' | 'none'
  /** Latent recursions per supervision step, T (`H_cycles`). */
  readonly T: number
  /** Updates of z per latent recursion, n (`L_cycles`). */
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
