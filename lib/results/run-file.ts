import path from 'node:path'
import { writeFileAtomic } from '../files/atomic.js'
import { fileOperations as fs } from '../files/operations.js'
import { folderGone } from './lease.js'

/**
 * Replaces a file in the folder of a run, atomically. It never creates the folder: a folder that was removed or moved
 * during the run must not reappear with half of its files.
 *
 * @throws UserError when the folder is gone, or not writable.
 */
export function writeRunFile(dir: string, name: string, content: Uint8Array | string | readonly Uint8Array[]): void {
  try {
    writeFileAtomic(path.join(dir, name), content, { makeFolder: false })
  } catch (error) {
    throw fs.existsSync(dir) ? error : folderGone(dir)
  }
}
