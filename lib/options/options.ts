import type { z } from 'zod'
import { UserError } from '../errors.js'
import { valueText } from '../files/cell.js'
import { didYouMean } from './nearest.js'

/**
 * Validates options and fills in defaults.
 *
 * @param schema a strict schema whose keys have descriptions
 * @param what the object of the options, e.g. `a Sudoku data set`
 * @throws UserError naming the key, the accepted values and the value given; for an unknown key, the nearest one.
 */
export function parseOptions<T extends z.ZodObject>(schema: T, input: unknown, what: string): z.output<T> {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  if (issue.code === 'unrecognized_keys') throw unknownKey(issue.keys[0] ?? '', Object.keys(schema.shape), what)
  const key = issue.path.length > 0 ? String(issue.path[0]) : ''
  const value: unknown = isRecord(input) && Object.hasOwn(input, key) ? input[key] : input
  const about = Object.hasOwn(schema.shape, key) ? (schema.shape[key] as z.ZodType).description : undefined
  const near = typeof value === 'string' ? didYouMean(value, wordsOf(issue), key ? `${key}=` : '') : undefined
  throw new UserError({
    where: key ? `key ${key}` : what,
    expected: `${describeIssue(issue)}${about ? ` (${about.replace(/\.$/, '')})` : ''}`,
    found: valueText(value),
    ...(near === undefined ? {} : { todo: near }),
    exitCode: 2,
  })
}

/**
 * Parses the command line's `key=value` texts into typed values: numbers where the schema takes a number, null for
 * `null` where it takes null.
 *
 * @throws UserError for an unknown key.
 */
export function optionsFromText(
  schema: z.ZodObject,
  pairs: ReadonlyMap<string, string>,
  what: string,
): Record<string, unknown> {
  const input: Record<string, unknown> = {}
  for (const [key, text] of pairs) {
    if (!Object.hasOwn(schema.shape, key)) throw unknownKey(key, Object.keys(schema.shape), what)
    const type = schema.shape[key] as z.ZodType
    const number = text.trim() === '' ? Number.NaN : Number(text)
    if (text === 'null' && type.safeParse(null).success) input[key] = null
    else if ((text === 'true' || text === 'false') && type.safeParse(true).success) input[key] = text === 'true'
    else input[key] = Number.isFinite(number) && !type.safeParse(text).success ? number : text
  }
  return input
}

function unknownKey(key: string, known: readonly string[], what: string): UserError {
  return new UserError({
    where: `key ${key}`,
    expected: `a key of ${what}`,
    found: 'an unknown one',
    todo: didYouMean(key, known) ?? `The keys are ${known.join(', ')}.`,
    exitCode: 2,
  })
}

/** Returns the string literals that a value may take. */
function wordsOf(issue: z.core.$ZodIssue): string[] {
  if (issue.code === 'invalid_value') return issue.values.map(String)
  return issue.code === 'invalid_union' ? issue.errors.flatMap((errors) => errors.flatMap(wordsOf)) : []
}

/** Describes in words the constraint that a value violates, from zod's issue. */
export function describeIssue(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'too_small':
      return `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`
    case 'too_big':
      return `${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')}`
    case 'invalid_type':
      return issue.expected === 'int' ? 'a whole number' : `a ${issue.expected}`
    case 'invalid_union':
      return issue.errors.flatMap((errors) => (errors[0] ? [describeIssue(errors[0])] : [])).join(' or ')
    default:
      return issue.message
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
