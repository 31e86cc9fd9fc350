import { readdirSync } from 'node:fs'
import path from 'node:path'
import { UserError } from '../../lib/errors.js'
import { systemReason } from '../../lib/files/atomic.js'
import { compareCheckpoint } from './checkpoint.js'
import { compareWithReference } from './compare.js'
import { compareEntries, ENTRIES_FILE } from './entries.js'
import { readReference } from './reference.js'
import type { ParityRow } from './table.js'

/** A source of reference numbers in a folder. */
export interface ReferenceSource {
  /** Name of a variant, of a folder `official-checkpoint-…`, or `data-and-numerics`. */
  readonly name: string
  /** Computes all numbers and compares them. @throws UserError if one of its files is missing or malformed. */
  compare(): Promise<ParityRow[]>
}

/**
 * Returns the sources of reference numbers in a folder: every `NAME.safetensors` with a `NAME.json` beside it, every folder
 * `official-checkpoint-…`, and `data-and-numerics.json`.
 *
 * @throws UserError if the folder cannot be read or holds none of these.
 */
export function referenceSources(folder: string): ReferenceSource[] {
  const files = listFolder(folder)
  const sources = files.flatMap((file): ReferenceSource[] => {
    if (file === ENTRIES_FILE)
      return [{ name: path.parse(file).name, compare: async () => compareEntries(path.join(folder, file)) }]
    if (file.startsWith('official-checkpoint-'))
      return [{ name: file, compare: () => compareCheckpoint(path.join(folder, file)) }]
    const { name, ext } = path.parse(file)
    if (ext !== '.safetensors' || !files.includes(`${name}.json`)) return []
    return [{ name, compare: async () => compareWithReference(readReference(folder, name)) }]
  })
  if (sources.length > 0) return sources
  throw new UserError({
    where: folder,
    expected: `pairs NAME.json and NAME.safetensors of reference numbers, official-checkpoint-*, or ${ENTRIES_FILE}`,
    found: 'none',
    exitCode: 2,
  })
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder).sort()
  } catch (error) {
    throw new UserError({
      where: folder,
      expected: 'a folder of reference numbers',
      found: systemReason(error),
      exitCode: 2,
    })
  }
}
