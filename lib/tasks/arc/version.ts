import { UserError } from '../../errors.js'
import { dihedral, dihedralWalk, INVERSE, TRANSFORMS } from './dihedral.js'
import type { FlatGrid } from './grid.js'
import { invertPermutation, PERMUTATIONS, permutationOf, permutationRank, permutationText } from './permutation.js'

/** Separator of the parts of a version's name. */
export const SEPARATOR = '|||'

/** A version of a task as one number: transform · 9! + rank of the colour permutation. 0 is the task itself. */
export type VersionCode = number

/** Number of possible versions of a task. */
export const VERSION_CODES = TRANSFORMS * PERMUTATIONS

/** Returns the dihedral transform of a version. */
export function transformOf(code: VersionCode): number {
  return Math.floor(code / PERMUTATIONS)
}

/** Returns the colour permutation of a version, `[10]`: colour c becomes element c. */
export function coloursOf(code: VersionCode): Uint8Array {
  return permutationOf(code % PERMUTATIONS)
}

/** Returns `NAME|||t{transform}|||{permutation}`; the plain name for the task itself. */
export function versionName(task: string, code: VersionCode): string {
  if (code === 0) return task
  return `${task}${SEPARATOR}t${transformOf(code)}${SEPARATOR}${permutationText(code % PERMUTATIONS)}`
}

/**
 * Parses a name into task and version.
 *
 * @param where file and position of the name, for the error
 * @throws UserError when it is neither a plain name nor `NAME|||t0…t7|||0` with the other nine digits in some order.
 */
export function parseVersionName(name: string, where: string): { task: string; code: VersionCode } {
  const parts = name.split(SEPARATOR)
  const [task = '', transform = '', permutation = ''] = parts
  if (parts.length === 1 && task !== '') return { task, code: 0 }
  const rank = /^\d{10}$/.test(permutation) ? permutationRank(Array.from(permutation, Number)) : null
  if (parts.length !== 3 || task === '' || !/^t[0-7]$/.test(transform) || rank === null)
    throw new UserError({
      where,
      expected: `NAME or NAME${SEPARATOR}t0…t7${SEPARATOR}0 and the digits 1…9 in some order`,
      found: JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name),
    })
  return { task, code: Number(transform[1]) * PERMUTATIONS + rank }
}

/** Returns a grid in a version: recoloured, then transformed. */
export function applyVersion(grid: FlatGrid, code: VersionCode): FlatGrid {
  return dihedral(recoloured(grid, coloursOf(code)), transformOf(code))
}

/** Inverts {@link applyVersion}: returns the original grid of a version. */
export function undoVersion(grid: FlatGrid, code: VersionCode): FlatGrid {
  return recoloured(dihedral(grid, INVERSE[transformOf(code)]!), invertPermutation(coloursOf(code)))
}

/** Returns the walk that reads a version's grid from the original. */
export function versionWalk(
  grid: Pick<FlatGrid, 'rows' | 'columns'>,
  code: VersionCode,
): ReturnType<typeof dihedralWalk> {
  return dihedralWalk(grid.rows, grid.columns, transformOf(code))
}

function recoloured(grid: FlatGrid, map: Uint8Array): FlatGrid {
  return { ...grid, cells: grid.cells.map((colour) => map[colour]!) }
}
