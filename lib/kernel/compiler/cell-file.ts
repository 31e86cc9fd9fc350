import path from 'node:path'

/** How the files are called that cells are to TypeScript; none of them is ever on the disk. */
export const CELL_PREFIX = '.recurlab-cell-'

/** Whether a file name is that of a cell. */
export function isCellFile(fileName: string): boolean {
  return path.basename(fileName).startsWith(CELL_PREFIX)
}
