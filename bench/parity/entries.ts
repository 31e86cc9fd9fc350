import { UserError } from '../../lib/errors.js'
import { readJson } from '../../lib/files/json.js'
import { ARC_ENTRIES, compareArc } from './arc.js'
import { compareNumerics, NUMERIC_ENTRIES } from './numerics.js'
import type { ParityRow } from './table.js'

/** File of reference numbers independent of a model, one entry per subject. */
export const ENTRIES_FILE = 'data-and-numerics.json'

/**
 * Compares every entry of a `data-and-numerics.json`.
 *
 * @throws UserError naming file and entry if something is malformed, or the entry is unknown.
 */
export function compareEntries(file: string): ParityRow[] {
  const entries = readJson(file)
  const known: readonly string[] = [...NUMERIC_ENTRIES, ...ARC_ENTRIES]
  const unknown = Object.keys(entries).find((name) => !known.includes(name))
  if (unknown !== undefined)
    throw new UserError({
      where: `${file}, ${unknown}`,
      expected: `one of ${known.join(', ')}`,
      found: 'another entry',
    })
  return [...compareNumerics(entries, file), ...compareArc(entries, file)]
}
