import { type MakeDirectoryOptions, mkdirSync, openSync, type PathLike } from 'node:fs'
import { UserError } from '../errors.js'

/** Permissions that are taken from new files, beyond the umask, by the value of RECURLAB_PERMISSIONS. */
const TAKEN: Readonly<Record<string, number>> = { owner: 0o077, group: 0o007, umask: 0o000 }

/** Returns the permissions that are taken from new files and folders. @throws UserError when RECURLAB_PERMISSIONS is invalid. */
function taken(): number {
  const choice = process.env.RECURLAB_PERMISSIONS || 'owner'
  const found = Object.hasOwn(TAKEN, choice) ? TAKEN[choice] : undefined
  if (found !== undefined) return found
  throw new UserError({
    where: 'environment variable RECURLAB_PERMISSIONS',
    expected: `one of ${Object.keys(TAKEN).join(', ')}`,
    found: choice,
    exitCode: 2,
  })
}

/**
 * Opens a file as `openSync` does; a new one can be read by its owner only, unless RECURLAB_PERMISSIONS shares it.
 *
 * @param mode permissions of a new file, within the umask. Default: as RECURLAB_PERMISSIONS says
 */
export function openPrivate(file: PathLike, flags: string | number = 'r', mode?: number): number {
  return flags === 'r' ? openSync(file, flags) : openSync(file, flags, mode ?? 0o666 & ~taken())
}

/** Creates a folder as `mkdirSync` does; it can be entered by its owner only, unless RECURLAB_PERMISSIONS shares it. */
export function makePrivateFolder(folder: PathLike, options: MakeDirectoryOptions = {}): string | undefined {
  return mkdirSync(folder, { ...options, mode: Number(options.mode ?? 0o777) & ~taken() })
}
