import { UserError } from '../../errors.js'
import { dihedral, dihedralWalk, INVERSE, TRANSFORMS } from './dihedral.js'
import type { FlatGrid } from './grid.js'
import { invertPermutation, PERMUTATIONS, permutationOf, permutationRank, permutationText } from './permutation.js'

/** Between the parts of a version's name. */
export const SEPARATOR = '|||'

/**
 * A version of a task as one number: transform · 9! + number of the colour permutation. 0 is the task itself.
 */
export type VersionCode = number

/** Versions there can be of a task. */
export const VERSION_CODES = TRANSFORMS * PERMUTATIONS

/** The dihedral transform of a version. */
export function transformOf(code: VersionCode): number {
  return Math.floor(code / PERMUTATIONS)
}

/** The colour permutation of a version: `[10]`, colour c becomes `[c]`. */
export function coloursOf(code: VersionCode): Uint8Array {
  return permutationOf(code % PERMUTATIONS)
}

/** `NAME|||t{transform}|||{permutation}`; the task itself has its plain name. */
export function versionName(task: string, code: VersionCode): string {
  if (code === 0) return task
  return `${task}${SEPARATOR}t${transformOf(code)}${SEPARATOR}${permutationText(code % PERMUTATIONS)}`
}

/**
 * Task and version behind a name.
 *
 * @param where file and place of the name, for the error
 * @throws UserError when it is neither a plain name nor `NAME|||t0…t7|||0` and the other nine digits in some order.
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

/** A grid in a version: colours are mapped first, then it is transformed. */
export function applyVersion(grid: FlatGrid, code: VersionCode): FlatGrid {
  return dihedral(recoloured(grid, coloursOf(code)), transformOf(code))
}

/** The grid that a version was made of. */
export function undoVersion(grid: FlatGrid, code: VersionCode): FlatGrid {
  return recoloured(dihedral(grid, INVERSE[transformOf(code)]!), invertPermutation(coloursOf(code)))
}

/** How a version's grid is read out of the original. */
export function versionWalk(
  grid: Pick<FlatGrid, 'rows' | 'columns'>,
  code: VersionCode,
): ReturnType<typeof dihedralWalk> {
  return dihedralWalk(grid.rows, grid.columns, transformOf(code))
}

function recoloured(grid: FlatGrid, map: Uint8Array): FlatGrid {
  return { ...grid, cells: grid.cells.map((colour) => map[colour]!) }
}
