import { callOwn } from '../../config/call-own.js'
import { UserError } from '../../errors.js'
import { isLibraryTask } from '../registry.js'
import type { TaskDefinition, TaskExample, WrittenCells } from './definition.js'

/** A validated definition. */
export interface CheckedDefinition {
  readonly name: string
  /** Symbols of tokens 1, 2, …; token 0 is padding. */
  readonly symbols: readonly string[]
  readonly rows: number
  readonly columns: number
  /** rows · columns */
  readonly cells: number
  /** Token of a blank cell; null when no symbol is blank. */
  readonly blank: number | null
  readonly generate: TaskDefinition['generate'] | undefined
  readonly examples: readonly TaskExample[] | undefined
  readonly judge: TaskDefinition['judge'] | undefined
  readonly symmetries: NonNullable<TaskDefinition['symmetries']>
}

/** Maximum number of symbols: a token is a byte, and 0 is padding. */
const MOST_SYMBOLS = 255
const MOST_CELLS = 10_000

/** Validates a definition. @throws UserError naming the invalid part. */
export function checkDefinition(definition: TaskDefinition): CheckedDefinition {
  const { name, vocabulary, rows, columns, blank = '.', symmetries = [], judge, generate, examples } = definition
  const wrong = (part: string, expected: string, found: unknown): UserError =>
    new UserError({
      where: `defineTask, ${part}`,
      expected,
      found: JSON.stringify(found) ?? String(found),
      exitCode: 2,
    })
  if (typeof name !== 'string' || !/^[a-z][a-z0-9-]*$/i.test(name))
    throw wrong('name', 'letters, digits and hyphens, a letter first', name)
  if (isLibraryTask(name)) throw wrong('name', 'a name that no task of the library has', name)
  if (!Array.isArray(vocabulary) || vocabulary.length < 2 || vocabulary.length > MOST_SYMBOLS)
    throw wrong('vocabulary', `a list of 2 to ${MOST_SYMBOLS} symbols`, vocabulary)
  const odd = vocabulary.find((symbol: unknown, i) => !isSymbol(symbol) || vocabulary.indexOf(symbol) !== i)
  if (odd !== undefined) throw wrong('vocabulary', 'distinct, non-empty strings without line breaks', odd)
  for (const [part, value] of Object.entries({ rows, columns }))
    if (!(Number.isInteger(value) && value >= 1)) throw wrong(part, 'a whole number of 1 or more', value)
  if (rows * columns > MOST_CELLS) throw wrong('rows, columns', `at most ${MOST_CELLS} cells`, rows * columns)
  if ((generate === undefined) === (examples === undefined))
    throw wrong('generate, examples', 'one of the two', generate === undefined ? 'neither' : 'both')
  if (definition.blank !== undefined && !vocabulary.includes(blank))
    throw wrong('blank', `a symbol of the vocabulary (${vocabulary.join(', ')})`, blank)
  for (const [i, symmetry] of symmetries.entries())
    if (typeof symmetry !== 'function') throw wrong(`symmetries[${i}]`, 'a function', symmetry)
  return {
    name,
    symbols: [...vocabulary],
    rows,
    columns,
    cells: rows * columns,
    blank: vocabulary.includes(blank) ? vocabulary.indexOf(blank) + 1 : null,
    generate,
    examples,
    judge,
    symmetries,
  }
}

function isSymbol(symbol: unknown): boolean {
  return typeof symbol === 'string' && symbol !== '' && !/[\r\n]/.test(symbol)
}

/**
 * Encodes cells as tokens.
 *
 * @param where name of the cells, for the error
 * @throws UserError for a wrong number of cells, and for an unknown symbol.
 */
export function tokensOf(
  { symbols, rows, columns, cells }: Pick<CheckedDefinition, 'symbols' | 'rows' | 'columns' | 'cells'>,
  written: WrittenCells,
  where: string,
): Uint8Array {
  if (typeof written !== 'string' && !Array.isArray(written))
    throw new UserError({
      where,
      expected: 'a list of symbols, or a string',
      found: JSON.stringify(written) ?? 'nothing',
    })
  const listed: readonly unknown[] = typeof written === 'string' ? [...written.replaceAll('\n', '')] : written
  if (listed.length !== cells)
    throw new UserError({ where, expected: `${cells} cells (${rows} × ${columns})`, found: String(listed.length) })
  return Uint8Array.from(listed, (cell, at) => {
    const token = symbols.indexOf(String(cell)) + 1
    if (token > 0) return token
    throw new UserError({
      where: `${where}, row ${Math.floor(at / columns) + 1}, column ${(at % columns) + 1}`,
      expected: `a symbol of the vocabulary (${symbols.join(', ')})`,
      found: JSON.stringify(cell) ?? 'nothing',
    })
  })
}

/**
 * Returns the judge's value for an answer in tokens; true when the task has no judge. The judge may return any value; only
 * true accepts the answer.
 *
 * @throws UserError when the judge throws.
 */
export function judged(definition: CheckedDefinition, question: ArrayLike<number>, answer: ArrayLike<number>): unknown {
  const { name, judge } = definition
  if (judge === undefined) return true
  const [asked, given] = [symbolsOf(definition, question), symbolsOf(definition, answer)]
  return callOwn(`task ${name}`, 'judge', () => judge(asked, given))
}

/** Decodes tokens to symbols; padding becomes an empty string. */
export function symbolsOf({ symbols }: Pick<CheckedDefinition, 'symbols'>, tokens: ArrayLike<number>): string[] {
  return Array.from(tokens, (token) => symbols[token - 1] ?? '')
}
