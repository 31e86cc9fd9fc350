import path from 'node:path'
import { UserError } from '../errors.js'
import { systemReason } from '../files/atomic.js'
import { fileOperations as fs } from '../files/operations.js'
import { projectFolder } from '../files/places.js'

/** Python's options that leave out the user's PYTHONPATH, PYTHONHOME and own packages, which cells and terminals keep. */
export const ISOLATED = ['-I'] as const

/** Returns the project's own Python. @throws UserError if it is not installed. */
export function projectPython(): string {
  const python = path.join(projectFolder, '.venv', 'bin', 'python')
  const fail = (found: string, todo: string, cause?: unknown): UserError =>
    new UserError({ where: python, expected: "the project's own Python, which runs notebooks", found, todo }, { cause })
  let isThere: boolean
  try {
    isThere = fs.existsSync(python)
  } catch (error) {
    throw fail(systemReason(error), 'Clone the project for yourself, then run npm run setup there.', error)
  }
  if (!isThere) throw fail('none', 'Run npm run setup.')
  return python
}

/**
 * Returns the environment of Jupyter's programs: their files are in `.recurlab`, none in the home folder.
 *
 * @throws UserError if that folder cannot be written, e.g. belongs to another user.
 */
export function jupyterEnvironment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const jupyter = path.join(projectFolder, '.recurlab', 'jupyter')
  const folders = {
    JUPYTER_CONFIG_DIR: path.join(jupyter, 'config'),
    JUPYTER_DATA_DIR: path.join(jupyter, 'data'),
    JUPYTER_RUNTIME_DIR: path.join(jupyter, 'runtime'),
    IPYTHONDIR: path.join(jupyter, 'ipython'),
  }
  try {
    // Connection files hold the keys of running notebook kernels: only the user may read them.
    for (const folder of Object.values(folders)) fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
    narrow(folders.JUPYTER_RUNTIME_DIR)
  } catch (error) {
    throw new UserError(
      {
        where: jupyter,
        expected: "a folder of your own for Jupyter's files",
        found: systemReason(error),
        todo: 'Notebooks need your own checkout: git clone this one, then run npm run setup.',
      },
      { cause: error },
    )
  }
  return { ...process.env, ...folders, JUPYTER_PREFER_ENV_PATH: '1', PYTHONNOUSERSITE: '1', ...more }
}

/** Removes other users' permissions on one of our folders. */
function narrow(folder: string): void {
  const { mode, uid } = fs.statSync(folder)
  if (mode & 0o077 && uid === process.getuid?.()) fs.chmodSync(folder, mode & 0o700)
}
