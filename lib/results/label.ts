import path from 'node:path'
import { z } from 'zod'
import { UserError } from '../errors.js'
import { unprintableIn } from '../escape/visible.js'
import { hasEntry } from '../files/regular.js'
import { readSealedJson, type SealedFormat, sealedText } from '../files/sealed-json.js'
import { FILES } from './layout.js'
import type { RunRecord } from './record.js'
import { writeRunFile } from './run-file.js'
import { runIdentity } from './status.js'

/** The user's name, note and tags for a run. They do not affect the computation and are not in the run's provenance. */
export interface RunLabel {
  readonly name: string | null
  readonly note: string | null
  readonly tags: readonly string[]
}

/** A label for a new run, or a change to that of a stored one; null removes a part. */
export interface LabelOptions {
  /** Name of up to 80 characters. */
  readonly name?: string | null
  /** Note of up to 2,000 characters, possibly several lines. */
  readonly note?: string | null
  /** Up to 20 search words of up to 40 characters, without commas. */
  readonly tags?: readonly string[] | null
}

/** Label of a run without a name, a note or tags. */
export const NO_LABEL: RunLabel = { name: null, note: null, tags: [] }
const MOST_TAGS = 20

const FORMAT: SealedFormat = {
  what: "a run's name, note and tags",
  version: 2,
  todo: 'Delete the file; recurlab runs ID name=… writes another.',
}

const schema = z.strictObject({
  /** See `runIdentity`. */
  run: z.string(),
  name: z.string().nullable(),
  note: z.string().nullable(),
  tags: z.array(z.string()),
})

/**
 * Validates a label and merges it into another one.
 *
 * @param before label whose parts stay when no new one is given. Default: no label
 * @throws UserError (exit code 2) for texts that are empty, too long, or contain control characters.
 */
export function newLabel({ name, note, tags }: LabelOptions, before: RunLabel = NO_LABEL): RunLabel {
  return {
    name: name === undefined ? before.name : name === null ? null : checked('name', name, 80),
    note: note === undefined ? before.note : note === null ? null : checked('note', note, 2000, '\n'),
    tags: tags === undefined ? before.tags : checkedTags(tags ?? []),
  }
}

/** Returns whether a label has a name, a note or a tag. */
export function isLabelled({ name, note, tags }: RunLabel): boolean {
  return name !== null || note !== null || tags.length > 0
}

/** A run that a label belongs to. */
type Labelled = Pick<RunRecord, 'dir' | 'status'>

/** Returns the label of a stored run, empty when it has none. @throws UserError when its file is damaged, or another run's. */
export function readLabel({ dir, status }: Labelled): RunLabel {
  const file = path.join(dir, FILES.label)
  if (!hasEntry(file)) return NO_LABEL
  const parsed = schema.safeParse(readSealedJson(file, FORMAT))
  const wrong = (found: string): UserError =>
    new UserError({ where: file, expected: FORMAT.what, found, todo: FORMAT.todo })
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw wrong(`${issue?.path.join('.') || 'the object'}: ${issue?.message ?? 'something else'}`)
  }
  const { run, name, note, tags } = parsed.data
  if (run !== runIdentity(status)) throw wrong('those of another run')
  try {
    return newLabel({ name, note, tags })
  } catch (error) {
    // A file of somebody else's can hold what this library does not write.
    if (error instanceof UserError) throw wrong(error.message.replace(/\.$/, ''))
    throw error
  }
}

/** Writes the label of a run, atomically. @throws UserError when it cannot be written. */
export function writeLabel({ dir, status }: Labelled, { name, note, tags }: RunLabel): void {
  writeRunFile(dir, FILES.label, sealedText(FORMAT, { run: runIdentity(status), name, note, tags }))
}

function checked(key: string, text: string, most: number, allowed = ''): string {
  const found = (what: string): UserError =>
    new UserError({
      where: `key ${key}`,
      expected: `a text of 1 to ${most} characters${allowed === '' ? ' on one line' : ''}`,
      found: what,
      exitCode: 2,
    })
  if (typeof text !== 'string') throw found(typeof text)
  const trimmed = text.trim()
  if (trimmed === '') throw found('an empty one')
  const count = [...trimmed].length
  if (count > most) throw found(`${count}`)
  const bad = unprintableIn(allowed === '' ? trimmed : trimmed.replaceAll(allowed, ''))
  if (bad !== null) throw found(`the character U+${bad.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`)
  return trimmed
}

function checkedTags(tags: readonly string[]): string[] {
  const wrong = (expected: string, found: string): UserError =>
    new UserError({ where: 'key tags', expected, found, exitCode: 2 })
  if (!Array.isArray(tags)) throw wrong('a list of words', typeof tags)
  const all = [...new Set(tags.map((tag) => checked('tags', tag, 40)))]
  const comma = all.find((tag) => tag.includes(','))
  if (comma !== undefined) throw wrong('tags without commas', comma)
  if (all.length > MOST_TAGS) throw wrong(`at most ${MOST_TAGS} tags`, `${all.length}`)
  return all
}
