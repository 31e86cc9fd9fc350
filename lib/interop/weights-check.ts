import { UserError } from '../errors.js'
import { initName, latentNames, type ModelShape } from '../model/shape.js'
import { type HostTensor, PUZZLE_TABLE, weightSpecs } from '../model/weights.js'
import type { TensorShapes } from './weights-facts.js'
import type { NamedTensors } from './weights-format.js'

/** Replacement for the rows of a puzzle embedding: the mean of all rows, or zeros. */
export type PuzzleFit = 'mean' | 'zero'

/** Weights with a replaced puzzle embedding, and a note. */
export interface FittedTensors {
  readonly tensors: NamedTensors
  /** One sentence that describes the change. */
  readonly note: string
}

/** Returns the shapes of all tensors of a model by published name: weights, initial states, puzzle embedding. */
export function tensorShapes(shape: ModelShape): Map<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>()
  for (const [name, spec] of weightSpecs(shape)) shapes.set(name, spec.shape)
  for (const latent of latentNames(shape)) shapes.set(initName(latent), [shape.hidden])
  if (shape.puzzleDim > 0) shapes.set(PUZZLE_TABLE, [shape.puzzleIdentifiers, shape.puzzleDim])
  return shapes
}

/**
 * Checks that tensors match a model exactly.
 *
 * @param where the file, for errors
 * @throws UserError naming every tensor that is missing, has the wrong shape, or does not belong to the model.
 */
export function checkTensors(shape: ModelShape, tensors: TensorShapes, where: string): void {
  const expected = tensorShapes(shape)
  const missing = [...expected].filter(([name]) => !tensors.has(name))
  const misfits = [...expected].filter(([name, size]) => tensors.has(name) && !same(tensors.get(name)!.shape, size))
  const unexpected = [...tensors].filter(([name]) => !expected.has(name))
  const [misfit] = misfits
  if (misfit) {
    const [name, size] = misfit
    const isTable = name === PUZZLE_TABLE && tensors.get(name)!.shape[1] === size[1]
    throw new UserError({
      where: `${where}, tensor ${name}`,
      expected: `shape ${list(size)}`,
      found: `${list(tensors.get(name)!.shape)}${others(misfits.slice(1))}`,
      todo: isTable
        ? 'puzzleEmbedding=mean or puzzleEmbedding=zero resizes it.'
        : 'The weights belong to a model of another configuration.',
    })
  }
  if (missing.length + unexpected.length > 0) {
    const [first] = missing[0] ?? unexpected[0]!
    const parts = [
      missing.length > 0 ? `without ${names(missing)}` : '',
      unexpected.length > 0 ? `with ${names(unexpected)}, which the model does not have` : '',
    ]
    throw new UserError({
      where: `${where}, tensor ${first}`,
      expected: `the ${expected.size} tensors of this model`,
      found: `${tensors.size}, ${parts.filter(Boolean).join(', and ')}`,
      todo: 'The weights belong to a model of another configuration.',
    })
  }
}

/**
 * Replaces the rows of a puzzle embedding, at the user's request: `mean` sets every row to the mean of the old rows, as
 * the published code does by itself when the number of rows differs; `zero` sets them to zero. With an unchanged number
 * of rows this measures how much the rows contribute.
 *
 * @param rows number of puzzles, including the padding row
 * @throws UserError when the weights have no puzzle embedding.
 */
export function fitPuzzleTable(tensors: NamedTensors, rows: number, how: PuzzleFit): FittedTensors {
  const table = tensors.get(PUZZLE_TABLE)
  const [before = 0, dim = 0] = table?.shape ?? []
  if (!table || before === 0)
    throw new UserError({
      where: `tensor ${PUZZLE_TABLE}`,
      expected: 'a puzzle embedding to resize',
      found: table ? 'one without rows' : 'none',
      todo: 'Leave puzzleEmbedding out.',
      exitCode: 2,
    })
  const fitted: HostTensor = { shape: [rows, dim], data: allocate(rows, dim) }
  if (how === 'mean') {
    const mean = meanRow(table.data, before, dim)
    for (let row = 0; row < rows; row++) fitted.data.set(mean, row * dim)
  }
  return {
    tensors: new Map([...tensors, [PUZZLE_TABLE, fitted]]),
    note: `puzzle embedding: ${before} rows replaced by ${rows}, ${
      how === 'mean' ? `each the mean of the ${before}` : 'all of them zero'
    }; what it had learned of single puzzles is gone`,
  }
}

function allocate(rows: number, dim: number): Float32Array {
  try {
    return new Float32Array(rows * dim)
  } catch (error) {
    throw new UserError(
      {
        where: `tensor ${PUZZLE_TABLE}`,
        expected: 'a puzzle embedding that fits into memory',
        found: `${rows} rows of ${dim}`,
        exitCode: 2,
      },
      { cause: error },
    )
  }
}

function meanRow(data: Float32Array, rows: number, dim: number): Float64Array {
  const mean = new Float64Array(dim)
  for (let row = 0; row < rows; row++) for (let i = 0; i < dim; i++) mean[i]! += data[row * dim + i]!
  return mean.map((sum) => sum / rows)
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i])
}

function list(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`
}

function names(entries: readonly (readonly [string, unknown])[]): string {
  const shown = entries.slice(0, 5).map(([name]) => JSON.stringify(name.slice(0, 100)))
  return entries.length > 5 ? `${shown.join(', ')} and ${entries.length - 5} more` : shown.join(', ')
}

function others(entries: readonly (readonly [string, unknown])[]): string {
  return entries.length > 0 ? ` (nor do the shapes of ${names(entries)} fit)` : ''
}
