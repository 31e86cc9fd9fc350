import { existsSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { UserError } from '../errors.js'

/** The project's folder. */
export const projectRoot = path.resolve(fileURLToPath(new URL('../..', import.meta.url)))

/** The project's own Python. @throws UserError when there is none yet. */
export function projectPython(): string {
  const python = path.join(projectRoot, '.venv', 'bin', 'python')
  if (!existsSync(python))
    throw new UserError({
      where: python,
      expected: "the project's own Python, which runs notebooks",
      found: 'none',
      todo: 'Run npm run setup.',
    })
  return python
}

/** The environment of Jupyter's programs: their files lie in `.recurlab`, none in the home folder. */
export function jupyterEnvironment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const jupyter = path.join(projectRoot, '.recurlab', 'jupyter')
  const folders = {
    JUPYTER_CONFIG_DIR: path.join(jupyter, 'config'),
    JUPYTER_DATA_DIR: path.join(jupyter, 'data'),
    JUPYTER_RUNTIME_DIR: path.join(jupyter, 'runtime'),
    IPYTHONDIR: path.join(jupyter, 'ipython'),
  }
  for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true })
  return { ...process.env, ...folders, JUPYTER_PREFER_ENV_PATH: '1', PYTHONNOUSERSITE: '1', ...more }
}
