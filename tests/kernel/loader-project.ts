import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { TestContext } from 'node:test'
import ts from 'typescript'

import { type Bindings, createLoader, type Loader } from '../../lib/kernel/cells/loader/index.js'
import type { ModuleSource, ModulesReply } from '../../lib/kernel/protocol.js'

/** A small project in a temporary folder, with a plain compiler, and a loader for its notebooks. */
export interface Project {
  readonly root: string
  readonly loader: Loader
  /** What the loader has asked the compiler for. */
  readonly requests: string[]
  /** The files of the sources that the loader has told of. */
  readonly told: string[]
  /** How many packages were under way at each change. */
  readonly underway: number[]
  /** Writes files. */
  write(files: Readonly<Record<string, string>>): void
  /** Compiles files of the project as they are now. */
  compile(...files: readonly string[]): ModuleSource[]
  /** Writes files, and reloads what has changed. */
  edit(files: Readonly<Record<string, string>>): ReturnType<Loader['reload']>
  /** Imports names as a cell does; the object that comes back follows them. */
  cell(specifier: string, ...names: readonly string[]): Promise<Record<string, unknown>>
  /** From now on the answers of the compiler wait for a call of what comes back. */
  hold(): () => void
}

/** A project with these files, and a loader whose notebook lies in `notebooks/`. The project goes with the test. */
export function project(t: TestContext, files: Readonly<Record<string, string>>, at = os.tmpdir()): Project {
  const root = realpathSync(mkdtempSync(path.join(at, 'loader-')))
  t.after(() => rmSync(root, { recursive: true }))
  const sent = new Set<string>()
  const requests: string[] = []
  const told: string[] = []
  const underway: number[] = []
  let cells = 0
  let held: (() => void)[] | null = null

  const write = (contents: Readonly<Record<string, string>>) => {
    for (const [file, text] of Object.entries(contents)) {
      mkdirSync(path.dirname(path.join(root, file)), { recursive: true })
      writeFileSync(path.join(root, file), text)
    }
  }
  write({ 'notebooks/a.ipynb': '', ...files })

  const requestModules = (specifier: string, from: string, answer: (reply: ModulesReply) => void) => {
    requests.push(path.relative(root, path.resolve(root, specifier)))
    const give = () => answer(reply(specifier, from, sent))
    if (held) held.push(give)
    else setImmediate(give)
  }
  const loader = createLoader({
    root,
    cwd: path.join(root, 'notebooks'),
    requestModules,
    onSource: ({ file }) => told.push(path.relative(root, file)),
    onPackages: (count) => underway.push(count),
  })

  return {
    root,
    loader,
    requests,
    told,
    underway,
    write,
    compile: (...names) => names.map((name) => compile(path.join(root, name))),
    edit: (contents) => {
      write(contents)
      return loader.reload(Object.keys(contents).map((name) => compile(path.join(root, name))))
    },
    cell: async (specifier, ...names) => {
      const values: Record<string, unknown> = {}
      const all = Object.entries(bindings(values, names))
      // Every call is a cell with names of its own: one does not take another's bindings over.
      const cell = cells++
      await loader.import(specifier, Object.fromEntries(all.map(([local, binding]) => [`${local} ${cell}`, binding])))
      return values
    },
    hold: () => {
      const waiting: (() => void)[] = []
      held = waiting
      return () => {
        held = null
        for (const give of waiting) give()
      }
    },
  }
}

/** Bindings that keep each export under its own name in an object. */
export function bindings(values: Record<string, unknown>, names: readonly string[]): Bindings {
  const setter = (name: string) => (value: unknown) => {
    Object.defineProperty(values, name, { value, configurable: true, enumerable: true })
  }
  return Object.fromEntries(names.map((name) => [name, [name, setter(name)] as const]))
}

function reply(specifier: string, from: string, sent: Set<string>): ModulesReply {
  const file = resolve(specifier, from.endsWith('/') ? from : path.dirname(from))
  if (file === null)
    return { failure: { ename: 'TypeScriptError', evalue: `Cannot find module '${specifier}'`, traceback: [] } }
  const modules: ModuleSource[] = []
  const walk = (at: string) => {
    if (sent.has(at)) return
    sent.add(at)
    const module = compile(at)
    modules.push(module)
    for (const dependency of Object.values(module.dependencies)) walk(dependency)
  }
  walk(file)
  return { failure: null, file, modules }
}

/** Compiles one file as it is now, without a look at its types. */
export function compile(file: string): ModuleSource {
  const text = readFileSync(file, 'utf8')
  if (file.endsWith('.json')) return { file, code: text, map: '', dependencies: {} }
  const { outputText, sourceMapText } = ts.transpileModule(text, {
    fileName: file,
    compilerOptions: {
      module: ts.ModuleKind.System,
      target: ts.ScriptTarget.ES2023,
      moduleDetection: ts.ModuleDetectionKind.Force,
      sourceMap: true,
      verbatimModuleSyntax: true,
    },
  })
  assert.ok(sourceMapText)
  const dependencies: Record<string, string> = {}
  for (const { fileName } of ts.preProcessFile(text).importedFiles) {
    const own = /^[./]/.test(fileName) ? resolve(fileName, path.dirname(file)) : null
    if (own !== null) dependencies[fileName] = own
  }
  return { file, code: outputText, map: sourceMapText, dependencies }
}

function resolve(specifier: string, folder: string): string | null {
  const at = path.resolve(folder, specifier)
  const candidates = [at.replace(/\.js$/, '.ts'), at.replace(/\.mjs$/, '.mts'), at, `${at}.ts`, `${at}/index.ts`]
  return candidates.find((file) => /\.(m?[tj]s|json)$/.test(file) && existsSync(file)) ?? null
}
