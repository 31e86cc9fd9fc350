import path from 'node:path'
import { UserError } from '../../errors.js'
import { fileOperations as fs } from '../../files/operations.js'
import { refused } from '../../files/system-errors.js'
import { SETS, type SetName, type Subset } from './sets.js'

/** Location of a subset's tasks. */
export type SubsetFiles =
  | { readonly kind: 'combined'; readonly challenges: string; readonly solutions: string | null }
  | { readonly kind: 'folder'; readonly folder: string; readonly files: readonly string[] }

/** Maximum depth of folders to search: ConceptARC stores its tasks by concept. */
const DEEPEST = 2

/**
 * Finds a subset in a folder: `…_{subset}_challenges.json` with `…_{subset}_solutions.json` (optional), or a folder
 * with one JSON file per task, in `dir` or in `dir/data`. The folders `training` and `evaluation` of ARC-AGI-2's
 * repository are `training2` and `evaluation2` of the combined files.
 *
 * @throws UserError when there is no such folder, the subset is missing, or it occurs twice.
 */
export function findSubset(dir: string, subset: Subset, set: SetName): SubsetFiles {
  const names = listFolder(dir)
  const ending = `${subset}_challenges.json`
  const challenges = names.filter((name) => name === ending || name.endsWith(`_${ending}`))
  const folder = (SETS[set].folders[subset] ?? []).flatMap((name) => [
    path.join(dir, name),
    path.join(dir, 'data', name),
  ])
  const found = folder.find(isFolder)
  const there = [...challenges, ...(found ? [`${path.relative(dir, found)}/`] : [])]
  if (there.length > 1)
    throw new UserError({ where: dir, expected: `the subset ${subset} once`, found: there.join(' and ') })
  if (challenges[0] !== undefined) {
    const solutions = challenges[0].replace(/challenges\.json$/, 'solutions.json')
    return {
      kind: 'combined',
      challenges: path.join(dir, challenges[0]),
      solutions: names.includes(solutions) ? path.join(dir, solutions) : null,
    }
  }
  if (found === undefined)
    throw new UserError({
      where: dir,
      expected: `the subset ${subset}: …_${ending} or a folder ${(SETS[set].folders[subset] ?? []).join(' or ')}`,
      found: names.length === 0 ? 'an empty folder' : 'neither',
      todo: `Put it there, or leave it out with subsets=….`,
    })
  const files = jsonFiles(found, 0).sort((a, b) => compare(path.basename(a), path.basename(b)))
  if (files.length === 0) throw new UserError({ where: found, expected: 'one JSON file per task', found: 'none' })
  return { kind: 'folder', folder: found, files }
}

/** Compares texts by UTF-16 code units, independent of the locale. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function jsonFiles(folder: string, depth: number): string[] {
  return listFolder(folder).flatMap((name) => {
    const file = path.join(folder, name)
    if (name.startsWith('.')) return []
    if (isFolder(file)) return depth < DEEPEST ? jsonFiles(file, depth + 1) : []
    return name.endsWith('.json') ? [file] : []
  })
}

function listFolder(folder: string): string[] {
  try {
    return fs.readdirSync(folder).sort(compare)
  } catch (error) {
    throw refused(folder, 'a folder of ARC tasks', 'read', error)
  }
}

function isFolder(file: string): boolean {
  return fs.existsSync(file) && fs.statSync(file).isDirectory()
}
