import { readFileSync, statSync } from 'node:fs'
import { SourceMap } from 'node:module'
import path from 'node:path'
import type { ModuleSource } from '../protocol.js'

/** A place in what the user wrote; lines and columns from 1. */
export interface Place {
  /** `cell [3]` or `lib/x.ts`. */
  readonly name: string
  readonly line: number
  readonly column: number
  /** The line itself; undefined where it is not known. */
  readonly text: string | undefined
}

/** What stands in stack traces before a cell's id. */
export const CELL_URL = 'recurlab-cell:'

/** Characters of cells and their maps that are kept: functions of cells before that throw with lines of the compiled code. */
const KEPT = 32_000_000

/** Something whose frames can be traced back to its source. */
interface Source {
  readonly name: string
  /** Parsed when first needed. */
  map: string | SourceMap
  lines(): readonly string[]
  readonly size: number
}

const cells = new Map<number, Source>()
const modules = new Map<string, Source>()
let kept = 0

/** Keeps what is needed to trace a cell's frames back. */
export function addCell(id: number, count: number, source: string, map: string): void {
  const size = source.length + map.length
  cells.set(id, { name: `cell [${count}]`, map, lines: () => source.split('\n'), size })
  kept += size
  for (const [old, { size }] of cells) {
    if (kept <= KEPT) break
    cells.delete(old)
    kept -= size
  }
}

/** The same for a module of the project. */
export function addModule(root: string, { file, map }: ModuleSource): void {
  const since = Date.now()
  // What was edited after the module was loaded is not what has thrown.
  const lines = (): string[] => (statSync(file).mtimeMs > since ? [] : readFileSync(file, 'utf8').split('\n'))
  modules.set(file, { name: path.relative(root, file), map, lines, size: 0 })
}

/**
 * The place that a frame stands for; null when it is in no cell and no module of the project.
 *
 * @param url file or URL of the frame's script
 * @param line from 1
 * @param column from 1
 */
export function placeOf(url: string, line: number, column: number): Place | null {
  const source = url.startsWith(CELL_URL) ? cells.get(Number(url.slice(CELL_URL.length))) : modules.get(url)
  if (!source) return null
  const origin = originOf(source, line, column)
  return { name: source.name, ...origin, text: lineOf(source, origin.line) }
}

function originOf(source: Source, line: number, column: number): { line: number; column: number } {
  if (source.map === '') return { line, column }
  if (typeof source.map === 'string')
    source.map = new SourceMap(JSON.parse(source.map) as ConstructorParameters<typeof SourceMap>[0])
  const entry = source.map.findEntry(line - 1, column - 1)
  if (!('originalLine' in entry) || entry.originalLine === undefined) return { line, column }
  return { line: entry.originalLine + 1, column: entry.originalColumn + 1 }
}

function lineOf(source: Source, line: number): string | undefined {
  try {
    return source.lines()[line - 1]
  } catch {
    // The file is gone.
    return undefined
  }
}
