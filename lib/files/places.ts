import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { fileOperations as fs } from './operations.js'

/**
 * Environment variable that the kernel sets for cells and their child processes. Their working directory is the
 * notebook's folder, while default places belong to the project.
 */
export const IN_NOTEBOOK = 'RECURLAB_IN_NOTEBOOK'

/** Absolute path of the project's folder, the checkout. */
export const projectFolder = path.resolve(fileURLToPath(new URL('../..', import.meta.url)))

/**
 * Returns the folder that default places, and paths in the records of runs, are relative to: the project's folder in a
 * notebook, else the working directory.
 */
function homeFolder(): string {
  return process.env[IN_NOTEBOOK] === '1' ? projectFolder : process.cwd()
}

/**
 * Returns the path of a default such as `results`: absolute in a notebook, so that a change of directory does not move
 * it.
 */
export function defaultPlace(name: string): string {
  return process.env[IN_NOTEBOOK] === '1' ? path.join(projectFolder, name) : name
}

/**
 * Returns the path to read for a name. A relative path is resolved against the working directory, and when nothing
 * exists there, against {@link homeFolder}.
 */
export function placeToRead(name: string): string {
  if (path.isAbsolute(name) || fs.existsSync(name)) return name
  const place = path.join(homeFolder(), name)
  return fs.existsSync(place) ? place : name
}

/**
 * Returns the path of an existing file in the form that records keep, independent of the working directory: relative to
 * {@link homeFolder} when inside it, else absolute. Outside notebooks a path stays as written.
 */
export function pathToKeep(name: string): string {
  const place = placeToRead(name)
  if (process.env[IN_NOTEBOOK] !== '1' || !fs.existsSync(place)) return name
  const relative = path.relative(homeFolder(), path.resolve(place))
  return relative === '' || relative.startsWith('..') ? path.resolve(place) : relative
}
