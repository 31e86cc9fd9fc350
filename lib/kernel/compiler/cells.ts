import path from 'node:path'
import ts from 'typescript'
import { CELL_PREFIX, isCellFile } from './cell-file.js'
import { collectGarbage } from './garbage.js'
import { bind } from './internals/binder.js'
import { markAsAlone, markAsModule, setPaths } from './internals/source-file.js'
import { parseCell } from './parse-cell.js'
import { type ProgramState, Programs } from './programs.js'
import { Scope } from './scope.js'
import type { CellSession, OpenCell } from './session.js'
import { importedNames } from './specifiers.js'

export { isCellFile } from './cell-file.js'

/**
 * Number of cells after which a new checker is made: a checker keeps its findings about every cell, even forgotten
 * ones.
 */
const CELLS_PER_CHECKER = 300

/**
 * The cells of one notebook. A cell's declaration is known to later cells until one of them declares the name again.
 */
export class Cells implements CellSession {
  readonly ts = ts
  readonly programs: Programs
  #scope = new Scope()
  #cwd: string
  #count = 0
  /** Number of cells that the checker has seen. */
  #checked = 0
  #checker: ts.TypeChecker | null = null

  constructor(root: string, cwd: string) {
    this.#cwd = cwd
    this.programs = new Programs(root, () => this.#cwd, isCellFile)
  }

  get cwd(): string {
    return this.#cwd
  }

  /**
   * Begins a notebook in a folder, with nothing declared. A session from the snapshot starts its notebook with this
   * call.
   */
  begin(cwd: string): void {
    this.#cwd = cwd
    this.#scope = new Scope()
  }

  open(code: string): OpenCell {
    const file = this.#parse(code)
    markAsAlone(file)
    return this.#look(file)
  }

  /**
   * Opens code as the next cell.
   *
   * @param use returns whether the cell holds, in which case later cells know its declarations
   */
  enter<T>(code: string, use: (cell: OpenCell) => { readonly holds: boolean; readonly value: T }): T {
    const file = this.#parse(code)
    const before: ProgramState | null = augments(file) ? this.programs.state : null
    // The program finds out what an augmenting cell, which becomes one of its files, needs.
    if (!before) markAsAlone(file)
    const cell = this.#look(file, before !== null)
    const { holds, value } = use(cell)
    if (holds) this.#scope.keep(file)
    else if (before) this.programs.restore(before)
    return value
  }

  /** Frees the memory of earlier cells when it is time, which costs as much as a first import. */
  tidy(): void {
    if (this.#checked < CELLS_PER_CHECKER) return
    this.programs.renew()
    this.open('console.log(1)')
    collectGarbage()
  }

  #look(sourceFile: ts.SourceFile, augmenting = false): OpenCell {
    this.programs.include(importedNames(sourceFile))
    bind(sourceFile, this.programs.options)
    this.#scope.show(sourceFile)
    if (augmenting) this.programs.augment(sourceFile)
    const { program, checker } = this.programs
    this.#checked = checker === this.#checker ? this.#checked + 1 : 1
    this.#checker = checker
    return { code: sourceFile.text, sourceFile, program, checker }
  }

  #parse(code: string): ts.SourceFile {
    const name = path.join(this.#cwd, `${CELL_PREFIX}${++this.#count}.ts`)
    const file = parseCell(
      ts,
      name,
      code,
      {
        languageVersion: this.programs.options.target ?? ts.ScriptTarget.ES2023,
        impliedNodeFormat: ts.ModuleKind.ESNext,
        setExternalModuleIndicator: markAsModule,
      },
      ts.ScriptKind.TS,
    )
    setPaths(file, name)
    return file
  }
}

/** Returns whether a cell declares something for all files: `declare global` or `declare module 'x'`. */
function augments(file: ts.SourceFile): boolean {
  return file.statements.some(
    (statement) =>
      ts.isModuleDeclaration(statement) &&
      (ts.isStringLiteral(statement.name) || (statement.flags & ts.NodeFlags.GlobalAugmentation) !== 0),
  )
}
