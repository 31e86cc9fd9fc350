import {
  accessSync,
  appendFileSync,
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdtempSync,
  type PathLike,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { makePrivateFolder, openPrivate } from './permissions.js'
import { type Access, FileError, isSystemError, systemCode } from './system-errors.js'

/** The system's calls behind {@link fileOperations}. Tests replace them to make the N-th one fail; nothing else may. */
export const systemCalls = {
  accessSync,
  appendFileSync,
  chmodSync,
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync: makePrivateFolder,
  mkdtempSync,
  openSync: openPrivate,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
  writeSync,
}

type Calls = typeof systemCalls

/** The access of each operation to its path, and the expected kind of path. */
const PURPOSES: { readonly [name in keyof Calls]: readonly [Access, expected: string] } = {
  accessSync: ['read', 'a path that can be used'],
  appendFileSync: ['write', 'a writable path'],
  chmodSync: ['write', 'a path whose permissions can be changed'],
  closeSync: ['write', 'a writable path'],
  fstatSync: ['read', 'a readable file'],
  fsyncSync: ['write', 'a writable path'],
  ftruncateSync: ['write', 'a writable path'],
  linkSync: ['write', 'a writable path'],
  lstatSync: ['read', 'a readable path'],
  mkdirSync: ['write', 'a folder that can be created'],
  mkdtempSync: ['write', 'a writable folder'],
  openSync: ['write', 'a writable path'],
  readdirSync: ['read', 'a readable folder'],
  readFileSync: ['read', 'a readable file'],
  readSync: ['read', 'a readable file'],
  realpathSync: ['read', 'a readable path'],
  renameSync: ['write', 'a path that can be renamed'],
  rmSync: ['write', 'a path that can be removed'],
  statfsSync: ['read', 'a readable path'],
  statSync: ['read', 'a readable path'],
  writeFileSync: ['write', 'a writable path'],
  writeSync: ['write', 'a writable path'],
}

/** Paths of open descriptors. */
const paths = new Map<number, string>()

/**
 * All file operations that Recurlab performs on files of users: those of `node:fs`, but whatever the system refuses is a
 * {@link FileError}, which names the path, the reason and a remedy, and keeps the `code` of the system's error.
 */
export const fileOperations = {
  ...(Object.fromEntries((Object.keys(systemCalls) as (keyof Calls)[]).map((name) => [name, named(name)])) as Calls),

  /**
   * Returns whether there is something at a path.
   *
   * @throws FileError where the system does not tell, e.g. in a folder without permission: it might be there.
   */
  existsSync(file: PathLike): boolean {
    try {
      return fileOperations.statSync(file, { throwIfNoEntry: false }) !== undefined
    } catch (error) {
      if (ABSENT.has(systemCode(error)) || (error as NodeJS.ErrnoException).code === 'ERR_INVALID_ARG_VALUE')
        return false
      throw error
    }
  },
}

const WRITES = constants.O_WRONLY | constants.O_RDWR

/** Error codes of paths at which there can be nothing. */
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'EINVAL'])

/** Returns whether flags of `openSync` only read. */
function isToRead(flags: unknown): boolean {
  return flags === undefined || flags === 'r' || (typeof flags === 'number' && (flags & WRITES) === 0)
}

function named<N extends keyof Calls>(name: N): Calls[N] {
  const [access, expected] = PURPOSES[name]
  const call = (...args: unknown[]): unknown => {
    try {
      const result: unknown = Reflect.apply(systemCalls[name], undefined, args)
      if (name === 'openSync') paths.set(result as number, String(args[0]))
      return result
    } catch (error) {
      if (!isSystemError(error)) throw error
      const [first, flags] = args
      const where = typeof first === 'number' ? (paths.get(first) ?? `file descriptor ${first}`) : String(first)
      if (name === 'openSync' && isToRead(flags)) throw new FileError(where, 'a readable file', 'read', error)
      throw new FileError(where, expected, access, error)
    } finally {
      // The system gives a descriptor back even where closing reports an error.
      if (name === 'closeSync') paths.delete(args[0] as number)
    }
  }
  return call as Calls[N]
}
