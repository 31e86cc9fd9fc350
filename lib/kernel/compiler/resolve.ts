import { existsSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type ts from 'typescript'
import { nearest } from '../../options/nearest.js'
import type { Programs } from './programs.js'
import { isProjectFile } from './sources.js'

/** The target of a module name: a file of the project, something that Node itself loads, or nothing. */
export type Target =
  | { readonly kind: 'project'; readonly file: string }
  | { readonly kind: 'native' }
  | { readonly kind: 'missing'; readonly problem: string }

const NATIVE: Target = { kind: 'native' }

/** Matches names of files that the kernel compiles or reads itself. */
const OURS = /\.(?:ts|tsx|mts|js|mjs|json)$/

/** Matches names of declaration files, which are beside the JavaScript that they describe. */
const DECLARATIONS = /\.d\.([mc]?)ts$/

/**
 * Resolves a module name.
 *
 * @param from absolute path of the importing file
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
  // Packages and Node's own modules: Node knows better than TypeScript, which may lack their types.
  return isPath(name)
    ? { kind: 'missing', problem: missing(specifier, path.resolve(path.dirname(from), name)) }
    : NATIVE
}

/** Returns the path of a `file:` URL; other names unchanged. */
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

/** Returns the file that exists under exactly this name, although TypeScript does not know its kind. */
function existing(name: string, from: string): string | undefined {
  if (!isPath(name)) return undefined
  const file = path.resolve(path.dirname(from), name)
  return statSync(file, { throwIfNoEntry: false })?.isFile() ? file : undefined
}

/** Returns a message that names the missing file, the place of the search, and a similar name. */
function missing(specifier: string, place: string): string {
  const folder = path.dirname(place)
  const meant = meantPath(specifier, place)
  const hint = meant === undefined ? '' : ` Did you mean '${meant}'?`
  if (!existsSync(folder)) return `'${specifier}' does not exist: there is no folder ${folder}.${hint}`
  const name = path.basename(place)
  const stem = name.replace(OURS, '')
  const names = [...new Set([name, `${stem}.ts`, `${stem}.js`, `${stem}/index.ts`])]
  return `'${specifier}' does not exist: ${folder} contains none of ${names.join(', ')}.${hint}`
}

/**
 * Returns a name of similar spelling that resolves to a module; undefined for none.
 *
 * @param from absolute path of the importing file
 */
export function meantModule(specifier: string, from: string): string | undefined {
  if (isPath(specifier)) return meantPath(specifier, path.resolve(path.dirname(from), plainName(specifier)))
  const [name = '', ...subpath] = specifier.match(/^@[^/]*\/[^/]*|[^/]+/g) ?? []
  const meant = nearest(name, packagesAround(path.dirname(from)))
  return meant === undefined || meant === name ? undefined : [meant, ...subpath].join('/')
}

/** Returns the path with its first missing part replaced by an existing name of similar spelling; undefined for none. */
function meantPath(specifier: string, place: string): string | undefined {
  let missing = place
  while (!existsSync(path.dirname(missing))) missing = path.dirname(missing)
  const folder = path.dirname(missing)
  const wanted = path.basename(missing)
  const isLast = missing === place
  const entries = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => (isLast ? entry.isDirectory() || OURS.test(entry.name) : entry.isDirectory()))
    .map(({ name }) => name.replace(TYPESCRIPT, ''))
  const extension = /\.m?js$/.exec(wanted)?.[0] ?? ''
  const stem = wanted.slice(0, wanted.length - extension.length)
  // A name that differs only in its ending is not misspelled.
  const others = entries.filter((entry) => entry !== stem && entry !== wanted)
  const meant = nearest(stem, others) ?? nearest(wanted, others)
  if (meant === undefined) return undefined
  const parts = specifier.split('/')
  const at =
    parts.length -
    1 -
    path
      .relative(missing, place)
      .split(path.sep)
      .filter((part) => part !== '').length
  if (parts[at] !== wanted) return undefined
  return parts.with(at, isLast && !path.extname(meant) ? meant + extension : meant).join('/')
}

/** The endings of TypeScript files, which imports leave out. */
const TYPESCRIPT = /\.(?:ts|tsx|mts)$/

/** Returns the names of the packages that files in a folder can import. */
function packagesAround(folder: string): string[] {
  const around = path.dirname(folder) === folder ? [] : packagesAround(path.dirname(folder))
  return [...packagesIn(path.join(folder, 'node_modules')), ...around]
}

function packagesIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder).flatMap((name) =>
    name.startsWith('@') ? readdirSync(path.join(folder, name)).map((inner) => `${name}/${inner}`) : [name],
  )
}
