import { SourceMap } from 'node:module'
import path from 'node:path'
import type { LoadedModule } from '../../results/sources.js'
import type { ModuleSource } from '../protocol.js'

/** A place in the user's source; lines and columns count from 1. */
export interface Place {
  /** `cell [3]` or `lib/x.ts`. */
  readonly name: string
  readonly line: number
  readonly column: number
  /** The line itself; undefined if unknown. */
  readonly text: string | undefined
}

/** The prefix of a cell's id in stack traces. */
export const CELL_URL = 'recurlab-cell:'

/**
 * Maximum characters of cells and their maps that are kept. Functions of older cells throw with lines of the compiled
 * code.
 */
const KEPT = 32_000_000

/** A cell or module whose frames can be traced back to its source. */
interface Source {
  readonly name: string
  /** Source map, as JSON; empty for none. */
  readonly map: string
  /** The source itself; null if it is in the map. */
  readonly text: string | null
  readonly size: number
  /** The parsed map, read on first use. */
  read?: Mapping
}

interface Mapping {
  readonly map: SourceMap | null
  readonly lines: readonly string[]
}

const cells = new Map<number, Source>()
const modules = new Map<string, Source>()
/** The texts of the modules, for lib. */
const texts = new Map<string, LoadedModule>()
let kept = 0

/** Keeps the data that traces the frames of a cell back. */
export function addCell(id: number, count: number, text: string, map: string): void {
  const size = text.length + map.length
  cells.set(id, { name: `cell [${count}]`, map, text, size })
  kept += size
  for (const [old, { size }] of cells) {
    if (kept <= KEPT) break
    cells.delete(old)
    kept -= size
  }
}

/** Keeps the data that traces the frames of a module of the project back. */
export function addModule(root: string, { file, map }: ModuleSource): void {
  modules.set(file, { name: path.relative(root, file), map, text: null, size: 0 })
  texts.set(file, { text: () => (JSON.parse(map || '{}') as { sourcesContent?: string[] }).sourcesContent?.[0] ?? '' })
}

/**
 * Lets lib, which is loaded separately from the notebook kernel, ask for the text of a module as it runs, by the file's
 * absolute path.
 */
export function offerModules(): void {
  const find = (file: string): LoadedModule | null => texts.get(file) ?? null
  Object.defineProperty(globalThis, Symbol.for('recurlab.modules'), { value: find, configurable: true })
}

/**
 * Returns the place of a frame in the user's source; null when it is in no cell and no module of the project.
 *
 * @param url file or URL of the frame's script
 * @param line from 1
 * @param column from 1
 */
export function placeOf(url: string, line: number, column: number): Place | null {
  const source = url.startsWith(CELL_URL) ? cells.get(Number(url.slice(CELL_URL.length))) : modules.get(url)
  if (!source) return null
  source.read ??= mappingOf(source)
  const { map, lines } = source.read
  const entry = map?.findEntry(line - 1, column - 1)
  const origin =
    entry && 'originalLine' in entry && entry.originalLine !== undefined
      ? { line: entry.originalLine + 1, column: entry.originalColumn + 1 }
      : { line, column }
  return { name: source.name, ...origin, text: lines[origin.line - 1] }
}

function mappingOf({ map: json, text }: Source): Mapping {
  if (json === '') return { map: null, lines: (text ?? '').split(/\r?\n/) }
  const map = JSON.parse(json) as ConstructorParameters<typeof SourceMap>[0] & { sourcesContent?: string[] }
  return { map: new SourceMap(map), lines: (text ?? map.sourcesContent?.[0] ?? '').split(/\r?\n/) }
}
