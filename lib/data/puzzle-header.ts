import { UserError } from '../errors.js'
import { type CsvRecord, KEPT_FIELDS, lineOf } from './csv.js'

/** Accepted column names, the published ones first; case does not matter. */
const NAMES = {
  question: ['question', 'questions', 'quiz', 'quizzes', 'puzzle', 'puzzles'],
  answer: ['answer', 'answers', 'solution', 'solutions'],
  rating: ['rating', 'difficulty'],
} as const

/** Positions of the columns that are read. */
export interface PuzzleColumns {
  /** Number of columns in the file. */
  readonly count: number
  /** Column names, as messages list them. */
  readonly names: string
  readonly question: number
  /** null when the file gives no answers. */
  readonly answer: number | null
  /** null when the file gives no ratings. */
  readonly rating: number | null
  /** Name of the rating column, in lower case. */
  readonly ratingName: string | null
}

/** Returns whether fields are a header that names a column of puzzles. */
export function isPuzzleHeader(fields: readonly string[]): boolean {
  return placesOf(fields, 'question').length > 0
}

/**
 * Locates the columns of a CSV file by name, in any order; other columns are ignored.
 *
 * @param answers whether a column of answers is required
 * @param plainList how a plain list of puzzles is read; null when it is not accepted
 * @throws UserError that shows the header, when a column is missing, duplicated or too far to the right.
 */
export function puzzleColumns(
  record: CsvRecord,
  file: string,
  { cells, answers, plainList }: { cells: number; answers: boolean; plainList: string | null },
): PuzzleColumns {
  const raw = record.raw()
  const fields = fieldsOf(record)
  const fail = (expected: string, todo: string, found = visible(shorten(raw))): UserError =>
    new UserError({ where: lineOf(file, record.line), expected, found, todo })
  if (raw.includes('\r'))
    throw fail('line endings \\n or \\r\\n', 'Save the file with one of these line endings.', 'a lone \\r')
  const place = (role: keyof typeof NAMES): number | null => {
    const [first, second] = placesOf(fields, role)
    // A file may describe the difficulty in words beside its rating.
    if (second !== undefined && role !== 'rating')
      throw fail(
        `one column of ${role}s`,
        'Rename the others.',
        `${fields[first!]!.trim()} and ${fields[second]!.trim()}`,
      )
    return first ?? null
  }
  const question = place('question')
  const answer = place('answer')
  if (question === null || (answers && answer === null)) {
    const wanted = `the header ${answers ? 'question,answer' : 'question'}, in any order and among others`
    if (fields.some((field) => isPuzzle(field, cells))) throw fail(wanted, headerAdvice(fields, cells, plainList))
    if (/[;\t]/.test(raw)) throw fail(wanted, 'Save the file with commas between its columns.')
    throw fail(wanted, `Known names: ${[...NAMES.question, ...NAMES.answer, ...NAMES.rating].join(', ')}.`)
  }
  const rating = place('rating')
  return {
    count: record.count,
    names: visible(shorten(raw)),
    question,
    answer,
    rating,
    ratingName: rating === null ? null : nameOf(fields[rating]!),
  }
}

/** Returns whether a field may be a puzzle, alone or with its answer. */
function isPuzzle(field: string, cells: number): boolean {
  return field.split(':').some((part) => part.trim().length === cells)
}

/** Returns advice on how to make a file without a header readable. */
function headerAdvice(fields: readonly string[], cells: number, plainList: string | null): string {
  if (plainList !== null && fields.length <= 2) return plainList
  const known = ['question', 'answer']
  const names = fields.map(
    (field, i) => (field.trim().length === cells ? known.shift() : undefined) ?? `column${i + 1}`,
  )
  return `Put this line first: ${names.join(',')}.`
}

function fieldsOf(record: CsvRecord): string[] {
  return Array.from({ length: Math.min(record.count, KEPT_FIELDS) }, (_, i) => record.text(i))
}

function nameOf(field: string): string {
  return field.trim().toLowerCase()
}

/** Returns the positions of the columns with a role, ordered by their known names. */
function placesOf(fields: readonly string[], role: keyof typeof NAMES): number[] {
  const names: readonly string[] = NAMES[role]
  const rank = (i: number): number => names.indexOf(nameOf(fields[i]!))
  return Array.from(fields.keys())
    .filter((i) => rank(i) >= 0)
    .sort((a, b) => rank(a) - rank(b))
}

/** Truncates a text to the length that messages show. */
export function shorten(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text
}

/** Escapes the control characters of a text. */
function visible(text: string): string {
  return JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"')
}
