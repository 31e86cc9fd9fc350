import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { runInForeground } from './child.mjs'
import { ISOLATED, inRoot, inState, venvPython } from './paths.mjs'

/** Settings that keep Jupyter's own files out of the home folder, and other kernels out of the launcher. */
export function jupyterEnvironment() {
  return {
    JUPYTER_CONFIG_DIR: inState('jupyter', 'config'),
    JUPYTER_DATA_DIR: inState('jupyter', 'data'),
    JUPYTER_RUNTIME_DIR: inState('jupyter', 'runtime'),
    JUPYTERLAB_SETTINGS_DIR: inState('jupyter', 'settings'),
    JUPYTERLAB_WORKSPACES_DIR: inState('jupyter', 'workspaces'),
    IPYTHONDIR: inState('jupyter', 'ipython'),
    JUPYTER_PREFER_ENV_PATH: '1',
  }
}

/**
 * Starts JupyterLab on the notebooks. Resolves to its exit code.
 *
 * @param {string[]} rest further options for `jupyter lab`, such as `--no-browser`; they override this project's
 */
export async function lab(rest) {
  const environment = jupyterEnvironment()
  for (const folder of Object.values(environment))
    if (folder !== '1') mkdirSync(folder, { recursive: true, mode: 0o700 })
  // Otherwise JupyterLab would ask whether it may fetch its news.
  preset('@jupyterlab/apputils-extension/notification', { fetchNews: 'false', checkForUpdates: false })
  // A notebook that is opened without its kernel, or exported, shows the last state of its widgets.
  preset('@jupyter-widgets/jupyterlab-manager/plugin', { saveState: true })
  // Shows the documentation of a completion, such as a key of the configuration, beside it.
  preset('@jupyterlab/completer-extension/manager', { showDocumentationPanel: true })
  keep(path.join(environment.JUPYTER_CONFIG_DIR, 'custom', 'custom.css'), CSS)
  const options = [
    '--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate',
    '--LabApp.custom_css=True',
    // Otherwise JupyterLab would drop a cell's output above a thousand messages a second.
    '--ZMQChannelsWebsocketConnection.limit_rate=False',
    '--MultiKernelManager.default_kernel_name=recurlab',
    '--KernelSpecManager.ensure_native_kernel=False',
    '--KernelSpecManager.allowed_kernelspecs=recurlab',
    ...(hasRoomForSockets() ? ['--KernelManager.transport=ipc'] : []),
    `--ServerApp.root_dir=${inRoot()}`,
    '--LabApp.default_url=/lab/tree/notebooks/01-mlp-vs-attention.ipynb',
  ]
  const ownPrograms = { PATH: `${inRoot('.venv', 'bin')}:${process.env.PATH ?? ''}` }
  const given = new Set(rest.map((option) => option.split('=')[0]))
  const own = options.filter((option) => !given.has(option.split('=')[0]))
  // The script's first line, which names its Python, fails where the project's path has a quotation mark.
  const script = [...ISOLATED, inRoot('.venv', 'bin', 'jupyter-lab')]
  return await runInForeground(venvPython, [...script, ...own, ...rest], { ...environment, ...ownPrograms })
}

// JupyterLab fits every picture to its cell, except drawings that it shows as an image.
const CSS = '.jp-RenderedSVG img { max-width: 100%; height: auto; }\n'

/** The longest name that Jupyter gives to the socket of a kernel. */
const SOCKET = `kernel-${'0'.repeat(36)}-ipc-5`

/**
 * Returns whether kernels can have sockets in Jupyter's runtime folder, which only its owner can enter: over TCP every
 * user of this machine can read what cells show. Linux accepts paths of 107 bytes, so that a long path of the project
 * leaves only TCP.
 */
function hasRoomForSockets() {
  return process.platform === 'linux' && Buffer.byteLength(inState('jupyter', 'runtime', SOCKET)) <= 107
}

/**
 * Writes the settings of a part of JupyterLab, unless the user has changed them.
 *
 * @param {string} part
 * @param {Record<string, unknown>} settings
 */
function preset(part, settings) {
  keep(path.join(inState('jupyter', 'settings'), `${part}.jupyterlab-settings`), JSON.stringify(settings))
}

/**
 * Writes a file with this text, unless the file exists.
 *
 * @param {string} file
 * @param {string} text
 */
function keep(file, text) {
  if (existsSync(file)) return
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
  writeFileSync(file, text)
}
