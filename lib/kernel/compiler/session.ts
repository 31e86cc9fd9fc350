import type ts from 'typescript'

/** Code that is parsed and bound as a cell, with the names of earlier cells in its scope. It adds no names itself. */
export interface OpenCell {
  readonly code: string
  readonly sourceFile: ts.SourceFile
  /** The program of all imports of cells. The cell is not one of its files, but its checker knows it. */
  readonly program: ts.Program
  readonly checker: ts.TypeChecker
}

/** The cells of a notebook as TypeScript sees them. */
export interface CellSession {
  readonly ts: typeof ts
  /** Folder of the notebook, from which `../lib` and packages in a cell are resolved. */
  readonly cwd: string
  /** Opens code as if it were the next cell. Its imports are resolved, even those that no cell has had before. */
  open(code: string): OpenCell
}
