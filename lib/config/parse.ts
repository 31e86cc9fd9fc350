import type { z } from 'zod'
import { UserError } from '../errors.js'
import { nearest } from './nearest.js'
import { type Config, type ConfigInput, type ConfigKey, configSchema } from './schema.js'

/** Length of a run that says neither steps nor epochs. */
const DEFAULT_STEPS = 300

/**
 * Checks a configuration and fills in what it leaves out. A key whose default follows from another stays null, so that
 * what is compared between runs is what somebody chose; it is resolved where it is used.
 *
 * @param input any of the keys of {@link configSchema}
 * @throws UserError naming the key, what it takes and what it was given; for an unknown key the nearest one.
 */
export function parseConfig(input: ConfigInput | Readonly<Record<string, unknown>>): Config {
  const parsed = configSchema.safeParse(input)
  if (!parsed.success) throw configError(parsed.error.issues[0]!, input as Record<string, unknown>)
  const config = parsed.data
  if (config.steps !== null && config.epochs !== null)
    throw wrongKey('steps', 'either steps or epochs', 'both', 'Leave one out, or set it to null.')
  if (config.beta1 === 1 || config.beta2 === 1) throw wrongKey('beta1, beta2', 'less than 1', '1')
  return { ...config, steps: config.steps ?? (config.epochs === null ? DEFAULT_STEPS : null) }
}

/**
 * Turns the command line's `key=value` texts into typed values: `null`, numbers and names as the key's type has them.
 *
 * @throws UserError for an unknown key or a text that is no value of its type.
 */
export function configFromText(pairs: ReadonlyMap<string, string>): Record<string, unknown> {
  const input: Record<string, unknown> = {}
  for (const [key, text] of pairs) {
    if (!Object.hasOwn(configSchema.shape, key)) throw unknownKey(key)
    input[key] = text === 'null' ? null : text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text
    // A path may look like a number; everything else that looks like one is one.
    if (key === 'data' && text !== 'null') input[key] = text
  }
  return input
}

function configError(issue: z.core.$ZodIssue, input: Record<string, unknown>): UserError {
  if (issue.code === 'unrecognized_keys') return unknownKey(issue.keys[0] ?? '')
  const key = String(issue.path[0] ?? '')
  const value = Object.hasOwn(input, key) ? input[key] : undefined
  return wrongKey(key, describeType(key as ConfigKey, issue), JSON.stringify(value) ?? 'nothing')
}

function unknownKey(key: string): UserError {
  const near = nearest(key, Object.keys(configSchema.shape))
  return wrongKey(
    key,
    'a key of the configuration',
    'an unknown one',
    near ? `Did you mean ${near}?` : 'recurlab train --help lists them.',
  )
}

function wrongKey(key: string, expected: string, found: string, todo?: string): UserError {
  return new UserError({ where: `key ${key}`, expected, found, ...(todo ? { todo } : {}), exitCode: 2 })
}

/** In words, what a key takes, as far as the failed check tells. */
function describeType(key: ConfigKey, issue: z.core.$ZodIssue): string {
  const about = configSchema.shape[key]?.meta()?.description ?? ''
  const what = describeIssue(issue)
  return about ? `${what} (${about.replace(/\.$/, '')})` : what
}

function describeIssue(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'too_small':
      return `at least ${issue.minimum}`
    case 'too_big':
      return `at most ${issue.maximum}`
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')}`
    case 'invalid_type':
      return issue.expected === 'int' ? 'a whole number' : `a ${issue.expected}`
    case 'invalid_union':
      return issue.errors
        .map((errors) => (errors[0] ? describeIssue(errors[0]) : ''))
        .filter(Boolean)
        .join(' or ')
    default:
      return issue.message
  }
}
