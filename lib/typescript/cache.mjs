// The folders of compiled code. The code is run, so no other user may have written it.
import { createHash } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'

/**
 * Returns a folder below `.recurlab/cache` that this user owns and no other user can enter; null if that is impossible,
 * in which case nothing is cached.
 *
 * @param {string} root the project's folder
 * @param {string} name
 * @returns {string | null}
 */
export function privateFolder(root, name) {
  const folder = path.join(root, '.recurlab', 'cache', name)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const { uid, mode } = lstatSync(folder, { throwIfNoEntry: true })
    const { S_IFMT, S_IFDIR } = constants
    // A symbolic link may lead where other users can write.
    if ((mode & S_IFMT) !== S_IFDIR || uid !== own()) return null
    // Others could write here, so the content may not be ours.
    if (mode & 0o022) {
      rmSync(folder, { recursive: true })
      mkdirSync(folder, { mode: 0o700 })
    } else if (mode & 0o077) chmodSync(folder, 0o700)
    return folder
  } catch {
    return null
  }
}

/** Marks the last line of a file, which holds the SHA-256 of all before it. */
const SEAL = '\n//# sha256 '

/**
 * Returns the text of a file as {@link writeOwn} wrote it; null for one that another user has written, a damaged one, or none.
 *
 * @param {string} file
 */
export function readOwn(file) {
  let fd = -1
  try {
    // Opening a pipe would wait for a process that writes into it.
    fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | (constants.O_NONBLOCK ?? 0))
    const stat = fstatSync(fd)
    if (stat.uid !== own() || !stat.isFile()) return null
    const sealed = readFileSync(fd, 'utf8')
    const text = sealed.slice(0, sealed.lastIndexOf(SEAL))
    return sealed === withSeal(text) ? text : null
  } catch {
    return null
  } finally {
    if (fd >= 0) closeSync(fd)
  }
}

/**
 * Writes a file completely or not at all. A full or read-only disk costs time at the next start, nothing else.
 *
 * @param {string} file
 * @param {string} text
 */
export function writeOwn(file, text) {
  const temporary = `${file}.${process.pid}.tmp`
  try {
    writeFileSync(temporary, withSeal(text), { flag: 'wx', mode: 0o600 })
    renameSync(temporary, file)
  } catch {
    rmSync(temporary, { force: true })
  }
}

/** @param {string} text */
function withSeal(text) {
  return text + SEAL + createHash('sha256').update(text).digest('base64url')
}

/**
 * Returns this user's number. On systems without user numbers, such as Windows, every file counts as the user's own.
 */
function own() {
  return process.geteuid?.() ?? 0
}
