import type ts from 'typescript'

/** Code as a cell, parsed and bound, with the names of earlier cells in its scope; not recorded. */
export interface OpenCell {
  readonly code: string
  readonly sourceFile: ts.SourceFile
  /** Everything that cells have imported. The cell itself is not one of its files, yet its checker knows it. */
  readonly program: ts.Program
  readonly checker: ts.TypeChecker
}

/** The cells of a notebook as TypeScript sees them. */
export interface CellSession {
  readonly ts: typeof ts
  /** Folder of the notebook: a cell's `../lib` and packages resolve from here. */
  readonly cwd: string
  /** Looks at code as if it were the next cell. Imports are known, also those that no cell had before. */
  open(code: string): OpenCell
}
