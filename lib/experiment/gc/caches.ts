import path from 'node:path'
import { fileOperations as fs } from '../../files/operations.js'
import { entriesOf, isAbandoned, offer, type Search } from './garbage.js'

/**
 * Searches the project's caches in `.recurlab`: code compiled from sources that are gone, and what dead processes left. Caches
 * of another version are made anew, or cleared by set-up.
 */
export function searchCaches(search: Search): void {
  const { project } = search
  if (project === null) return
  const state = path.join(project, '.recurlab')
  const code = path.join(state, 'cache', 'lib')
  for (const entry of entriesOf(code)) {
    const source = path.join(project, entry.name.replace(/\.cjs$/, '').replaceAll('+', path.sep))
    const isStill = (): boolean => !fs.existsSync(source)
    if (entry.name.endsWith('.cjs') && isStill()) offer(search, 'caches of sources that are gone', entry, { isStill })
  }
  for (const folder of [code, path.join(state, 'cache', 'modules'), path.join(state, 'setup')])
    for (const entry of entriesOf(folder))
      if (isAbandoned(entry)) offer(search, 'temporary files of dead processes', entry)
}
