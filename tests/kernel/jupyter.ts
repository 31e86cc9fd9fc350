import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { TestContext } from 'node:test'
import { root } from '../shared.js'

const python = path.join(root, '.venv', 'bin', 'python')

/** Why Python cannot load a module in the project's environment; false when it can. For the option `skip` of a test. */
export function lacks(module: string): string | false {
  if (!existsSync(python)) return 'there is no .venv: run npm run setup'
  const { status } = spawnSync(python, ['-c', `import ${module}`])
  return status === 0 ? false : `${module} is not in .venv: run npm run setup`
}

/** How a program of the environment is started, with Jupyter's own files, and the kernel's history, in a folder of the test's. */
export function jupyterProcess(t: TestContext): {
  readonly python: string
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
} {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-jupyter-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const own = Object.fromEntries(
    ['JUPYTER_CONFIG_DIR', 'JUPYTER_DATA_DIR', 'JUPYTER_RUNTIME_DIR', 'IPYTHONDIR', 'RECURLAB_HISTORY'].map((name) => [
      name,
      path.join(folder, name),
    ]),
  )
  const env = { ...process.env, ...own, JUPYTER_PREFER_ENV_PATH: '1', PYTHONUNBUFFERED: '1', TERM: 'dumb' }
  return { python, cwd: path.join(root, 'notebooks'), env }
}
