import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { inState } from './paths.mjs'

/** Creates an empty folder to build something in before it is renamed to its place. @param {string} name */
export function workFolder(name) {
  const folder = inState('work', `${name}-${process.pid}`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  return folder
}

/** Removes the unfinished work of this or an interrupted set-up. Only the holder of the lock may call it. */
export function sweep() {
  empty(inState('work'), () => true)
  // The records of a set-up that was killed while it wrote one; this one's own are renamed by now.
  empty(inState('setup'), (name) => name.endsWith('.tmp'))
}

/** @param {string} folder @param {(name: string) => boolean} goes whether an entry is removed */
function empty(folder, goes) {
  try {
    for (const name of readdirSync(folder).filter(goes))
      rmSync(path.join(folder, name), { recursive: true, force: true })
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ENOENT') throw error
  }
}

/**
 * Moves a finished build to its place. The old content goes to the work folder first: a reader sees the old content,
 * nothing for an instant, or the new content, never a mixture.
 *
 * @param {string} built
 * @param {string} place
 */
export function moveIntoPlace(built, place) {
  const old = inState('work', `old-${path.basename(place)}-${process.pid}`)
  mkdirSync(path.dirname(place), { recursive: true })
  mkdirSync(path.dirname(old), { recursive: true })
  if (existsSync(place)) renameSync(place, old)
  renameSync(built, place)
  rmSync(old, { recursive: true, force: true })
}
