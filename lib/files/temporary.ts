import os from 'node:os'
import path from 'node:path'
import { UserError } from '../errors.js'
import { fileOperations as fs } from './operations.js'

/**
 * Creates an empty folder for temporary files, in the system's folder for them (TMPDIR), and returns its path.
 *
 * @param name purpose of the folder, e.g. `bench`
 * @throws UserError when it cannot be created
 */
export function temporaryFolder(name: string): string {
  try {
    return fs.mkdtempSync(path.join(os.tmpdir(), `recurlab-${name}-`))
  } catch (error) {
    const { code = 'no folder' } = error as NodeJS.ErrnoException
    throw new UserError(
      {
        where: process.env.TMPDIR ? 'TMPDIR' : 'temporary files',
        expected: 'a writable folder',
        found: `${os.tmpdir()} (${code})`,
        todo: 'Set TMPDIR to a folder that you can write to.',
      },
      { cause: error },
    )
  }
}
