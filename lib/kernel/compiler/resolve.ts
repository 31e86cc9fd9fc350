import { existsSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type ts from 'typescript'
import { nearest } from './internal.js'
import type { Programs } from './programs.js'
import { isProjectFile } from './sources.js'

/** What a module name stands for: a file of the project, something that Node itself loads, or nothing. */
export type Target =
  | { readonly kind: 'project'; readonly file: string }
  | { readonly kind: 'native' }
  | { readonly kind: 'missing'; readonly problem: string }

const NATIVE: Target = { kind: 'native' }

/** Files that the kernel compiles or reads itself. */
const OURS = /\.(?:ts|tsx|mts|js|mjs|json)$/

/** Declarations stand beside the JavaScript that they describe. */
const DECLARATIONS = /\.d\.([mc]?)ts$/

/**
 * Finds the module that a name stands for.
 *
 * @param from absolute path of the file that imports it
 */
export function findModule(
  programs: Programs,
  specifier: string,
  from: string,
  resolutions: ts.ModuleResolutionCache,
): Target {
  const name = plainName(specifier)
  const found = programs.find(name, from, resolutions).resolvedModule?.resolvedFileName
  const file = found === undefined ? existing(name, from) : found.replace(DECLARATIONS, '.$1js')
  if (file !== undefined) return isProjectFile(file) && OURS.test(file) ? { kind: 'project', file } : NATIVE
  // Packages and Node's own modules: Node knows better than TypeScript, which may know no types of them.
  return isPath(name)
    ? { kind: 'missing', problem: missing(specifier, path.resolve(path.dirname(from), name)) }
    : NATIVE
}

/** The path of a `file:` URL; other names as they are. */
function plainName(specifier: string): string {
  if (!specifier.startsWith('file:')) return specifier
  try {
    return fileURLToPath(specifier)
  } catch {
    return specifier
  }
}

function isPath(name: string): boolean {
  return /^(?:\.{1,2}(?:\/|$)|\/|file:)/.test(name)
}

/** A file that is there as it is named, of a kind that TypeScript does not know. */
function existing(name: string, from: string): string | undefined {
  if (!isPath(name)) return undefined
  const file = path.resolve(path.dirname(from), name)
  return statSync(file, { throwIfNoEntry: false })?.isFile() ? file : undefined
}

/** `there is no module lib/randm (looked for randm.ts, …); did you mean lib/random.ts?` */
function missing(specifier: string, place: string): string {
  const folder = path.dirname(place)
  if (!existsSync(folder)) return `'${specifier}' stands for nothing: there is no folder ${folder}${folderHint(folder)}`
  const name = path.basename(place)
  const stem = name.replace(OURS, '')
  const names = readdirSync(folder).filter((entry) => entry !== 'node_modules' && !entry.startsWith('.'))
  const stems = new Map(names.map((entry) => [entry.replace(OURS, ''), entry]))
  const meant = stems.get(nearest(stem, stems.keys()) ?? '')
  const looked = [...new Set([name, `${stem}.ts`, `${stem}.js`, `${stem}/index.ts`])].join(', ')
  const hint = meant === undefined ? '' : `; did you mean '${sibling(specifier, meant)}'?`
  return `'${specifier}' stands for nothing: there is none of ${looked} in ${folder}${hint}`
}

/** The first folder on the way that is not there, when one of nearly that name is. */
function folderHint(folder: string): string {
  let at = folder
  while (!existsSync(path.dirname(at))) at = path.dirname(at)
  const parent = path.dirname(at)
  const folders = readdirSync(parent, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const meant = nearest(
    path.basename(at),
    folders.map(({ name }) => name),
  )
  return meant === undefined ? '' : `; did you mean ${path.join(parent, meant)}?`
}

/** The specifier with another last part. */
function sibling(specifier: string, entry: string): string {
  return specifier.replace(/[^/]*$/, '') + entry.replace(/\.(?:ts|tsx|mts)$/, '')
}
