import path from 'node:path'
import ts from 'typescript'
import type { TypeErrors } from '../../notebook/host.js'
import type { ModuleSource } from '../protocol.js'
import { describe, placeName } from './diagnostics.js'
import { importsOf, resolvedModule } from './internals/program.js'
import { ModuleProblem, type Modules } from './modules.js'
import type { Programs } from './programs.js'
import { stampOf } from './sources.js'

/** Changes on the disk since the previous cell. */
export interface Refreshed {
  readonly reload: readonly ModuleSource[]
  readonly warnings: readonly string[]
}

const NOTHING: Refreshed = { reload: [], warnings: [] }

/** A message about files, such as the errors of a rejected edit. */
interface Remark {
  readonly files: readonly string[]
  readonly text: string
}

/** Applies edits of modules, both to the types that cells see and to the running code, unless they are broken. */
export class Refresh {
  readonly #root: string
  readonly #programs: Programs
  readonly #modules: Modules
  readonly #folders = new Map<string, string>()
  /**
   * The texts on the disk of files whose edit was rejected, null for files that are gone; and the messages about them.
   */
  #refused: ReadonlyMap<string, string | null> = new Map()
  #said: ReadonlySet<string> = new Set()
  /** Whether files have come or gone since edits were last applied. */
  #cameOrWent = false

  constructor(root: string, programs: Programs, modules: Modules) {
    this.#root = root
    this.#programs = programs
    this.#modules = modules
  }

  /** Checks every project file in use. A few hundred files cost a few milliseconds. */
  run(mode: TypeErrors): Refreshed {
    const edits = new Map<string, string>()
    const gone: string[] = []
    for (const file of this.#programs.sources.files) {
      const text = this.#programs.sources.edited(file)
      if (text === null) gone.push(file)
      else if (text !== undefined) edits.set(file, text)
    }
    const changed = this.#foldersChanged()
    this.#cameOrWent ||= changed
    const found = new Map<string, string | null>([...edits, ...gone.map((file) => [file, null] as const)])
    if (!changed && isSame(found, this.#refused)) return NOTHING
    const moved = this.#cameOrWent ? this.#modules.moved() : []
    const remarks: Remark[] = []
    const { reload, warnings } = this.#takeOver(edits, moved, mode, remarks)
    for (const file of gone)
      if (this.#isUsed(file))
        remarks.push({ files: [file], text: `${this.#name(file)} is gone; its previous code stays in use.` })
      else this.#forget(file)
    const isOld = ({ files, text }: Remark): boolean =>
      this.#said.has(text) && files.every((file) => this.#refused.get(file) === found.get(file))
    const fresh = remarks.filter((remark) => !isOld(remark)).map(({ text }) => text)
    this.#refused = new Map(
      [...found].filter(([file]) => edits.has(file) || (gone.includes(file) && this.#programs.sources.has(file))),
    )
    this.#said = new Set(remarks.map(({ text }) => text))
    return { reload, warnings: [...fresh, ...warnings] }
  }

  #isUsed(file: string): boolean {
    return this.#programs.program.getSourceFile(file) !== undefined || this.#modules.isImported(file)
  }

  #forget(file: string): void {
    this.#programs.sources.forget(file)
    this.#modules.forget(file)
  }

  /**
   * Applies the edits that are not broken.
   *
   * @param edits texts by file; applied ones are removed
   * @param remarks receives the errors of the others
   */
  #takeOver(edits: Map<string, string>, moved: readonly string[], mode: TypeErrors, remarks: Remark[]): Refreshed {
    const tried = new Map(edits)
    while (tried.size > 0 || moved.length > 0) {
      const before = this.#programs.state
      const undo = Array.from(tried, ([file, text]) => this.#programs.sources.replace(file, text))
      this.#programs.renew({ filesCameOrWent: this.#cameOrWent })
      // Modules that nothing imports any more, or only by a computed name, are checked all the same.
      this.#programs.include([...tried.keys()])
      const outcome = this.#attempt([...tried.keys()], moved, mode, before.program)
      if ('reload' in outcome) {
        this.#modules.markSent(outcome.reload)
        for (const file of tried.keys()) edits.delete(file)
        this.#cameOrWent = false
        return outcome
      }
      for (const back of undo.reverse()) back()
      this.#programs.restore(before)
      remarks.push(this.#complaint(outcome))
      const blamed = outcome.files.filter((file) => tried.has(file))
      if (blamed.length === 0) return NOTHING
      for (const file of blamed) tried.delete(file)
    }
    return NOTHING
  }

  #attempt(
    edited: readonly string[],
    moved: readonly string[],
    mode: TypeErrors,
    before: ts.Program,
  ): Remark | Refreshed {
    for (const file of edited) {
      const syntax = this.#syntaxErrors(file)
      if (syntax.length > 0) return this.#refusal(syntax, [file])
    }
    const types = mode === 'off' ? [] : this.#typeErrors(edited, before)
    if (types.length > 0 && mode === 'error') return this.#refusal(types, edited)
    try {
      const again = [...new Set([...edited.filter((file) => this.#modules.wasSent(file)), ...moved])]
      return { reload: this.#modules.collect(again), warnings: describe(types, this.#root) }
    } catch (error) {
      if (!(error instanceof ModuleProblem)) throw error
      return { files: edited.includes(error.file) ? [error.file] : edited, text: error.message }
    }
  }

  #syntaxErrors(file: string): readonly ts.Diagnostic[] {
    const source = this.#programs.program.getSourceFile(file)
    return source ? this.#programs.program.getSyntacticDiagnostics(source) : []
  }

  /** Returns the type errors of edited files, and those that the edit causes in their importers. */
  #typeErrors(edited: readonly string[], before: ts.Program): ts.Diagnostic[] {
    const { program } = this.#programs
    const files = new Set(edited)
    const own = edited.flatMap((file) => {
      const source = program.getSourceFile(file)
      return source ? errorsOf(program, source) : []
    })
    const others = this.#programs
      .importersOf(files)
      .filter((source) => !files.has(source.fileName))
      .flatMap((source) => {
        const errors = errorsOf(program, source)
        if (errors.length === 0) return []
        const known = new Set(errorsOf(before, source).map(keyOf))
        return errors.filter((error) => !known.has(keyOf(error)))
      })
    return [...own, ...others]
  }

  #refusal(errors: readonly ts.Diagnostic[], edited: readonly string[]): Remark {
    const text = describe(errors, this.#root).join('\n')
    const { program } = this.#programs
    const blamed = new Set<string>()
    for (const { file } of errors) {
      if (!file) continue
      if (edited.includes(file.fileName)) blamed.add(file.fileName)
      else
        for (const { text: name } of importsOf(file)) {
          const target = resolvedModule(program, file, name)
          if (target !== undefined && edited.includes(target)) blamed.add(target)
        }
    }
    return { files: blamed.size > 0 ? [...blamed] : edited, text }
  }

  #complaint({ files, text }: Remark): Remark {
    const names = files.map((file) => this.#name(file)).join(', ')
    return { files, text: `The edit of ${names} is rejected; the previous code stays in use.\n${text}` }
  }

  /** Returns whether files may have come or gone in the folders of files in use. */
  #foldersChanged(): boolean {
    let changed = false
    for (const folder of new Set(Array.from(this.#programs.sources.files, (file) => path.dirname(file)))) {
      const stamp = stampOf(folder)
      const known = this.#folders.get(folder)
      if (known === stamp) continue
      this.#folders.set(folder, stamp)
      changed ||= known !== undefined
    }
    return changed
  }

  #name(file: string): string {
    return placeName(file, this.#root) ?? file
  }
}

function isSame(a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.has(key) && b.get(key) === value)
}

function errorsOf(program: ts.Program, file: ts.SourceFile): readonly ts.Diagnostic[] {
  return program.getSemanticDiagnostics(file).filter(({ category }) => category === ts.DiagnosticCategory.Error)
}

function keyOf({ code, messageText }: ts.Diagnostic): string {
  return `${code} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
}
