import { inspect } from 'node:util'
import { escapeHtml, NO_FORMULAS, paragraphHtml } from '../escape/html.js'
import { isTensor, type TensorLike } from '../plot/plain.js'
import type { MimeBundle } from './host.js'

/** Typed arrays that are shown with statistics. */
export type NumberArray = Float32Array | Float64Array | Int32Array

/** Statistics of numbers; all but the counts are over finite ones, NaN if there are none. */
export interface NumberFacts {
  readonly count: number
  readonly nan: number
  readonly infinite: number
  readonly min: number
  readonly mean: number
  readonly max: number
  /** Population standard deviation: divided by n. */
  readonly std: number
}

/** Rows and columns of a matrix that are shown. */
const [ROWS, COLUMNS] = [6, 8]
const DIGITS = 4

/** Returns whether a value is an array that is shown with statistics. */
export function isNumberArray(value: unknown): value is NumberArray {
  return value instanceof Float32Array || value instanceof Float64Array || value instanceof Int32Array
}

/** Returns a tensor's display: a table of facts with its first values, in HTML and as text. It allocates no tensor. */
export function tensorBundle(tensor: TensorLike): MimeBundle {
  const { shape, dtype } = tensor
  const title = `Tensor [${shape.join(', ')}] ${dtype}`
  if (tensor.isDisposed) return bundle(`${title}, disposed`, [], '')
  if (dtype === 'complex64') return bundle(title, [], '')
  const values = valuesOf(tensor)
  if (values === null)
    return bundle(`${title}, whose values cannot be read synchronously: use await tensor.data()`, [], '')
  return bundle(
    title,
    dtype === 'string' ? [] : factRows(numberFacts(values as ArrayLike<number>)),
    firstValues(values, shape),
  )
}

/** Returns a long array's display: as text like `inspect`, in HTML with statistics. */
export function arrayBundle(array: NumberArray): MimeBundle {
  const title = `${array.constructor.name}(${array.length})`
  const rich = bundle(title, factRows(numberFacts(array)), firstValues(array, [array.length]))
  return { ...rich, 'text/plain': inspect(array) }
}

/** Computes statistics of numbers, in double precision. */
function numberFacts(values: ArrayLike<number>): NumberFacts {
  let [nan, infinite, sum] = [0, 0, 0]
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (Number.isNaN(value)) nan++
    else if (!Number.isFinite(value)) infinite++
    else {
      sum += value
      if (value < min) min = value
      if (value > max) max = value
    }
  }
  const finite = values.length - nan - infinite
  if (finite === 0)
    return { count: values.length, nan, infinite, min: Number.NaN, mean: Number.NaN, max: Number.NaN, std: Number.NaN }
  const mean = sum / finite
  let squares = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (Number.isFinite(value)) squares += (value - mean) ** 2
  }
  return { count: values.length, nan, infinite, min, mean, max, std: Math.sqrt(squares / finite) }
}

/** Returns a tensor's values; null if the backend cannot read them synchronously (WebGPU). */
function valuesOf(tensor: TensorLike): ArrayLike<number> | ArrayLike<string> | null {
  try {
    return tensor.dataSync()
  } catch {
    return null
  }
}

function factRows({ count, nan, infinite, min, mean, max, std }: NumberFacts): [string, string][] {
  return [
    ['values', String(count)],
    ...(count > 0
      ? Object.entries({ min, mean, max, std }).map(([name, value]): [string, string] => [name, short(value)])
      : []),
    ['NaN', String(nan)],
    ['infinite', String(infinite)],
  ]
}

/** Returns the values as nested brackets: with more than two dimensions the first matrix, and as much of it as fits. */
function firstValues(values: ArrayLike<number> | ArrayLike<string>, shape: readonly number[]): string {
  if (values.length === 0) return '[]'
  if (shape.length === 0) return short(values[0]!)
  const columns = shape.at(-1)!
  const line = (from: number): string => {
    const shown = Array.from({ length: Math.min(columns, COLUMNS) }, (_, i) => short(values[from + i]!))
    return `[${[...shown, ...(columns > COLUMNS ? ['…'] : [])].join(', ')}]`
  }
  if (shape.length === 1) return line(0)
  const rows = shape.at(-2)!
  const lines = Array.from({ length: Math.min(rows, ROWS) }, (_, row) => line(row * columns))
  const matrix = `[${[...lines, ...(rows > ROWS ? ['…'] : [])].join(',\n ')}]`
  return values.length > rows * columns ? `${matrix}, …` : matrix
}

function short(value: number | string): string {
  if (typeof value === 'string') return inspect(value, { maxStringLength: 40 })
  return String(Number.isFinite(value) ? Number(value.toPrecision(DIGITS)) : value)
}

function bundle(title: string, facts: readonly (readonly [string, string])[], values: string): MimeBundle {
  const text = [title, facts.map(([name, value]) => `${name} ${value}`).join(', '), values].filter(Boolean).join('\n')
  const rows = facts.map(
    ([name, value]) =>
      `<tr><th style="text-align: left">${escapeHtml(name)}</th><td style="text-align: right">${escapeHtml(value)}</td></tr>`,
  )
  const html = [
    paragraphHtml(title),
    ...(rows.length > 0 ? [`<table class="${NO_FORMULAS}">\n<tbody>\n${rows.join('\n')}\n</tbody>\n</table>`] : []),
    ...(values === '' ? [] : [`<pre>${escapeHtml(values)}</pre>`]),
  ]
  return { 'text/html': html.join('\n'), 'text/plain': text }
}

export { isTensor, type TensorLike }
