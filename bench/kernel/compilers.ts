import { readFileSync } from 'node:fs'
import path from 'node:path'
import ts from 'typescript'
import { Cells } from '../../lib/kernel/compiler/cells.js'
import { syntaxErrors, typeErrors } from '../../lib/kernel/compiler/diagnostics.js'
import { collectGarbage } from '../../lib/kernel/compiler/garbage.js'
import { complete } from '../../lib/kernel/compiler/language/complete.js'
import { cellOptions } from '../../lib/kernel/compiler/options.js'

/** Times of a compiler that checks and completes cells, and the memory that they leave. */
export interface CompilerMeasurement {
  /** `notebook kernel`: its own compiler. `language service`: TypeScript's published one, each cell a file. */
  readonly compiler: 'notebook kernel' | 'language service'
  /** Milliseconds to check each cell, in order; the first one imports the project's lib, tfjs and arquero. */
  readonly cellMs: readonly number[]
  /** Milliseconds to complete after a dot, after each cell. */
  readonly completionMs: readonly number[]
  /** Bytes that the heap grew by over all cells. */
  readonly heapBytes: number
}

/** A way to check the cells of a notebook. */
interface Notebook {
  /** Adds a cell. Returns its errors. */
  enter(code: string): readonly ts.Diagnostic[]
  /** Returns the names offered at the end of the code of a further cell, which is not added. */
  complete(code: string): readonly string[]
}

/** Cells before the measured ones, in a separate notebook: V8 compiles hot functions. */
const WARM_UP = 15

/**
 * Measures the notebook kernel's compiler and TypeScript's published language service with the same cells.
 *
 * @param root the project's folder
 * @throws Error if one of them finds an error in a cell, or does not complete it
 */
export function measureCompilers(root: string, cells: number): CompilerMeasurement[] {
  const ways = {
    'notebook kernel': () => ownNotebook(root),
    'language service': () => serviceNotebook(root),
  }
  return (['notebook kernel', 'language service'] as const).map((compiler) => {
    runCells(ways[compiler](), WARM_UP)
    collectGarbage()
    const before = process.memoryUsage().heapUsed
    const notebook = ways[compiler]()
    const times = runCells(notebook, cells)
    collectGarbage()
    const heapBytes = process.memoryUsage().heapUsed - before
    // The notebook must not be garbage-collected before this point.
    notebook.complete('')
    return { compiler, ...times, heapBytes }
  })
}

function runCells(notebook: Notebook, cells: number): Pick<CompilerMeasurement, 'cellMs' | 'completionMs'> {
  const cellMs: number[] = []
  const completionMs: number[] = []
  for (let i = 0; i < cells; i++) {
    const code = cellOf(i)
    const [errors, checked] = timed(() => notebook.enter(code))
    const [error] = errors
    if (error) throw new Error(`cell ${i + 1}: ${ts.flattenDiagnosticMessageText(error.messageText, '\n')}`)
    cellMs.push(checked)
    const [names, completed] = timed(() => notebook.complete(`row${i}.`))
    if (!names.includes('list')) throw new Error(`cell ${i + 1}: no completion among ${names.slice(0, 5).join(', ')}`)
    completionMs.push(completed)
  }
  return { cellMs, completionMs }
}

function timed<T>(work: () => T): [T, number] {
  const start = performance.now()
  const value = work()
  return [value, performance.now() - start]
}

/** Returns realistic cells: the first ones import, later ones redeclare names and use those of earlier cells. */
function cellOf(i: number): string {
  const imports = [
    "import { preset, show, sudoku, sweep, train } from '../lib'",
    "import * as tf from '@tensorflow/tfjs-core'",
    "import * as aq from 'arquero'",
  ]
  const body = [
    `const rate${i} = ${i + 1} * 1e-3`,
    `const row${i} = { rate: rate${i}, list: [1, 2, 3], name: 'row' }`,
    `function mean(values: readonly number[]) { return values.reduce((a, b) => a + b, 0) / values.length }`,
    `const table${i} = aq.from([row${i}]); const total${i} = tf.tidy(() => tf.sum(tf.tensor1d(row${i}.list)))`,
    ...(i > 0 ? [`mean([row${i - 1}.rate, row0.rate, rate${i}]) + mean(row${i - 1}.list)`] : []),
  ]
  return [...(i === 0 ? imports : []), ...body].join('\n')
}

function ownNotebook(root: string): Notebook {
  const cells = new Cells(root, path.join(root, 'notebooks'))
  return {
    enter: (code) =>
      cells.enter(code, (cell) => {
        const syntax = syntaxErrors(cell.sourceFile)
        return { holds: true, value: syntax.length > 0 ? syntax : typeErrors(cell) }
      }),
    complete: (code) => complete(cells, code, code.length).matches as readonly string[],
  }
}

/**
 * Returns a notebook whose cells are files of the published language service: each imports the names of earlier cells that
 * it uses, and exports those that it declares.
 */
function serviceNotebook(root: string): Notebook {
  const folder = path.join(root, 'notebooks')
  const options = cellOptions(root)
  const texts = new Map<string, { readonly text: string; readonly version: number }>()
  /** The file of the newest cell that declares a name. */
  const declaredIn = new Map<string, string>()
  let version = 0
  const library = path.join(root, 'node_modules', 'typescript', 'lib')
  const host: ts.LanguageServiceHost = {
    getCompilationSettings: () => options,
    getScriptFileNames: () => [...texts.keys()],
    getScriptVersion: (file) => String(texts.get(file)?.version ?? 0),
    getScriptSnapshot: (file) => {
      const text = texts.get(file)?.text ?? ts.sys.readFile(file)
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text)
    },
    getCurrentDirectory: () => folder,
    getDefaultLibFileName: (options) => path.join(library, ts.getDefaultLibFileName(options)),
    fileExists: (file) => texts.has(file) || ts.sys.fileExists(file),
    readFile: (file) => texts.get(file)?.text ?? readFileSync(file, 'utf8'),
    directoryExists: ts.sys.directoryExists,
    getDirectories: ts.sys.getDirectories,
  }
  const service = ts.createLanguageService(host)
  const put = (file: string, code: string, names: readonly string[]): void => {
    const used = new Set(code.match(/[\p{ID_Start}$_][\p{ID_Continue}$]*/gu) ?? [])
    const imports = [...declaredIn]
      .filter(([name]) => used.has(name) && !names.includes(name))
      .map(([name, from]) => `import { ${name} } from './${path.basename(from, '.ts')}';`)
    const exports = names.length > 0 ? `\nexport { ${names.join(', ')} }` : ''
    texts.set(file, { text: `${imports.join(' ')}\n${code}${exports}`, version: ++version })
  }
  let count = 0
  return {
    enter(code) {
      const file = path.join(folder, `cell-${++count}.ts`)
      const names = topNames(code)
      put(file, code, names)
      for (const name of names) declaredIn.set(name, file)
      const syntax = service.getSyntacticDiagnostics(file)
      return syntax.length > 0 ? syntax : service.getSemanticDiagnostics(file).filter(isError)
    },
    complete(code) {
      const file = path.join(folder, 'next-cell.ts')
      put(file, code, [])
      const end = texts.get(file)!.text.length
      return service.getCompletionsAtPosition(file, end, {})?.entries.map(({ name }) => name) ?? []
    },
  }
}

function isError({ category }: ts.Diagnostic): boolean {
  return category === ts.DiagnosticCategory.Error
}

/** Returns the names that code declares at its top level. */
function topNames(code: string): string[] {
  const names: string[] = []
  const take = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) names.push(node.text)
  }
  for (const statement of ts.createSourceFile('cell.ts', code, ts.ScriptTarget.Latest).statements) {
    if (ts.isVariableStatement(statement)) for (const { name } of statement.declarationList.declarations) take(name)
    if (ts.isFunctionDeclaration(statement) && statement.name) take(statement.name)
    const bindings = ts.isImportDeclaration(statement) ? statement.importClause?.namedBindings : undefined
    if (bindings && ts.isNamespaceImport(bindings)) take(bindings.name)
    else if (bindings && ts.isNamedImports(bindings)) for (const { name } of bindings.elements) take(name)
  }
  return names
}
