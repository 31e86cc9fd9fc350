import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { createCalls } from '../../lib/kernel/compiler/calls.js'
import { Cells } from '../../lib/kernel/compiler/cells.js'
import type { CompilerCalls, ModuleSource } from '../../lib/kernel/protocol.js'

/** The project's folder. */
export const root = path.resolve(fileURLToPath(new URL('../..', import.meta.url)))

/** A folder of a notebook with modules beside it, inside the project, so that packages are found. */
export interface Folder {
  readonly path: string
  file(name: string): string
  write(name: string, text: string): void
  remove(name: string): void
  /** Removes the folder. */
  close(): void
}

export function makeFolder(files: Readonly<Record<string, string>> = {}): Folder {
  const state = path.join(root, '.recurlab')
  mkdirSync(state, { recursive: true })
  const folder = mkdtempSync(path.join(state, 'test-compiler-'))
  const file = (name: string): string => path.join(folder, name)
  const made: Folder = {
    path: folder,
    file,
    write(name, text) {
      mkdirSync(path.dirname(file(name)), { recursive: true })
      writeFileSync(file(name), text)
    },
    remove: (name) => rmSync(file(name), { recursive: true }),
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
  for (const [name, text] of Object.entries(files)) made.write(name, text)
  return made
}

/** A notebook's compiler in this process. */
export interface Notebook {
  readonly calls: CompilerCalls
  /** The first line of every error and warning; empty when the cell is right. */
  complaints(code: string, typeErrors?: 'error' | 'warning' | 'off'): string[]
  /** Files that the next cell reloads, without the folder. */
  reloads(code?: string): string[]
  /** Files that come with a module, without the folder. */
  delivers(specifier: string): string[]
}

export function makeNotebook(cwd: string): Notebook {
  const calls = createCalls(root, new Cells(root, cwd), 'test')
  let id = 0
  const names = (modules: readonly ModuleSource[]): string[] =>
    modules.map(({ file }) => path.relative(cwd, file)).sort()
  const cell = (code: string, typeErrors: 'error' | 'warning' | 'off' = 'error') =>
    calls.cell({ id: ++id, code, typeErrors })
  return {
    calls,
    complaints(code, typeErrors) {
      const { failure, warnings } = cell(code, typeErrors)
      const errors = failure?.traceback.slice(1) ?? []
      return [...warnings, ...errors].map((text) => text.split('\n')[0] ?? '')
    },
    reloads: (code = '1') => names(cell(code).reload),
    delivers(specifier) {
      const reply = calls.modules({ specifier, from: `${cwd}/` })
      if (reply.failure) throw new Error(reply.failure.traceback.join('\n'))
      return names(reply.modules)
    },
  }
}
