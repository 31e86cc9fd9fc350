import path from 'node:path'
import { readBytes, unreadable } from '../../../files/atomic.js'
import { fileOperations as fs } from '../../../files/operations.js'
import { projectFolder } from '../../../files/places.js'
import { type Pair, pairOf } from '../../../notebook/percent/pair.js'
import { looksLikePercent } from '../../../notebook/percent/read.js'

/**
 * Returns the pairs that a command line names, each once, in order: of files, and of all notebooks and text forms in
 * folders.
 *
 * @param words files and folders. None: the project's `notebooks`
 * @throws UserError for a name of another ending, or a folder that cannot be read.
 */
export function namedPairs(words: readonly string[]): Pair[] {
  const named = words.length > 0 ? words : [shortPath(path.join(projectFolder, 'notebooks'))]
  const files = named.flatMap((word) => (isFolder(word) ? filesIn(word) : [word]))
  const pairs = new Map(files.map(pairOf).map((pair) => [path.resolve(pair.ipynb), pair]))
  return [...pairs.values()]
}

/** Returns a path relative to the working directory, if it is inside. */
function shortPath(file: string): string {
  const relative = path.relative(process.cwd(), file)
  return relative.startsWith('..') ? file : relative
}

function isFolder(name: string): boolean {
  return fs.statSync(name, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function filesIn(folder: string): string[] {
  try {
    const files = fs
      .readdirSync(folder)
      .sort()
      .map((name) => path.join(folder, name))
    return files.filter((file) => file.endsWith('.ipynb') || (file.endsWith('.ts') && isTextForm(file)))
  } catch (error) {
    throw unreadable(folder, error)
  }
}

/** Returns whether a file is a notebook's text; a folder may hold other modules, too. */
function isTextForm(file: string): boolean {
  return !file.endsWith('.d.ts') && looksLikePercent(readBytes(file).toString('utf8'))
}
