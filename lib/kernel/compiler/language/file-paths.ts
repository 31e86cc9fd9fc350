import { readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { isInString, tokenBefore } from '../internals/tokens.js'
import type { Match } from './matches.js'
import type { View } from './view.js'

/** Returns the files and folders that can continue a string that begins with `./`, `../` or `/`. Folders end in a slash. */
export function filePaths({ ts, sourceFile, code, cursor, cwd }: View): Match[] {
  const token = tokenBefore(sourceFile, cursor)
  if (!token || !ts.isStringLiteralLike(token) || !isInString(sourceFile, cursor, token)) return []
  const typed = code.slice(token.getStart(sourceFile) + 1, cursor)
  if (/^\.\.?$/.test(typed)) return ['./', '../'].flatMap((text) => folder(text, typed, cursor))
  if (!/^\.{0,2}\//.test(typed)) return []
  const name = typed.slice(typed.lastIndexOf('/') + 1)
  const listed = path.resolve(cwd, typed.slice(0, typed.length - name.length))
  return entriesOf(listed)
    .filter((entry) => entry.startsWith(name) && (name.startsWith('.') || !entry.startsWith('.')))
    .map((text) => ({ text, start: cursor - name.length, end: cursor, kind: 'path', symbol: undefined }))
}

function folder(text: string, typed: string, cursor: number): Match[] {
  if (!text.startsWith(typed)) return []
  return [{ text, start: cursor - typed.length, end: cursor, kind: 'path', symbol: undefined }]
}

/** Returns the entries of a folder; none where it cannot be read. */
function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .map((entry) => (entry.isDirectory() || leadsToFolder(entry, folder) ? `${entry.name}/` : entry.name))
      .sort((a, b) => a.localeCompare(b, 'en'))
  } catch {
    return []
  }
}

function leadsToFolder(entry: { name: string; isSymbolicLink(): boolean }, folder: string): boolean {
  if (!entry.isSymbolicLink()) return false
  return statSync(path.join(folder, entry.name), { throwIfNoEntry: false })?.isDirectory() ?? false
}
