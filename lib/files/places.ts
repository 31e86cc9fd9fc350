import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Set by the kernel for the cells of a notebook and what they start: their working directory is the notebook's folder, and
 * what is not named by a path of its own belongs to the project.
 */
export const IN_NOTEBOOK = 'RECURLAB_IN_NOTEBOOK'

/** The project's folder: the checkout, absolute. */
export const projectFolder = path.resolve(fileURLToPath(new URL('../..', import.meta.url)))

/**
 * Gives the folder that default places, and the paths in the records of runs, are relative to: the project's in a notebook,
 * else the working directory.
 */
function homeFolder(): string {
  return process.env[IN_NOTEBOOK] === '1' ? projectFolder : process.cwd()
}

/** Gives the place of a default such as `results`: in a notebook absolute, so that it stays where it is. */
export function defaultPlace(name: string): string {
  return process.env[IN_NOTEBOOK] === '1' ? path.join(projectFolder, name) : name
}

/**
 * Gives the place of something to read. A relative path is one of the working directory; where nothing is there, one of
 * {@link homeFolder}.
 */
export function placeToRead(name: string): string {
  if (path.isAbsolute(name) || existsSync(name)) return name
  const place = path.join(homeFolder(), name)
  return existsSync(place) ? place : name
}

/**
 * Gives the path of something that is there as records keep it, the same whatever the working directory is: relative to
 * {@link homeFolder} where it is inside, else absolute. Outside of notebooks a path stays as it was written.
 */
export function pathToKeep(name: string): string {
  const place = placeToRead(name)
  if (process.env[IN_NOTEBOOK] !== '1' || !existsSync(place)) return name
  const relative = path.relative(homeFolder(), path.resolve(place))
  return relative === '' || relative.startsWith('..') ? path.resolve(place) : relative
}
