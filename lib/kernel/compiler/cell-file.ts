import path from 'node:path'

/** Prefix of the names of the files that notebook cells are to TypeScript. None of them is ever on the disk. */
export const CELL_PREFIX = '.recurlab-cell-'

/** Whether a file name is that of a notebook cell. */
export function isCellFile(fileName: string): boolean {
  return path.basename(fileName).startsWith(CELL_PREFIX)
}
