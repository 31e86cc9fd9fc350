import path from 'node:path'

/** Prefix of the file names that notebook cells have in TypeScript. None of them is ever on the disk. */
export const CELL_PREFIX = '.recurlab-cell-'

/** Returns whether a file name is that of a notebook cell. */
export function isCellFile(fileName: string): boolean {
  return path.basename(fileName).startsWith(CELL_PREFIX)
}
