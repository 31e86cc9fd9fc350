import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import path from 'node:path'
import { inRoot, inSetup } from './paths.mjs'
import { contentOf, writeJson } from './stamp.mjs'

const folder = inRoot('.venv', 'share', 'jupyter', 'kernels', 'recurlab')
const file = path.join(folder, 'kernel.json')
/** Read by every program of Jupyter that `.venv` starts, nbconvert and JupyterLab's export among them. */
const settingsFile = inRoot('.venv', 'etc', 'jupyter', 'jupyter_config.json')

/** How Jupyter starts the kernel: with the Node that set this up. */
export function kernelspec() {
  return {
    argv: [process.execPath, path.join(inRoot('lib', 'kernel'), 'recurlab-kernel.mjs'), '{connection_file}'],
    display_name: 'TypeScript (Recurlab)',
    language: 'typescript',
    interrupt_mode: 'message',
  }
}

/** A page that nbconvert writes loads nothing from elsewhere and runs nothing; see `nbconvert/index.html.j2`. */
const exportSettings = {
  HTMLExporter: {
    template_name: 'recurlab',
    sanitize_html: true,
    // nbconvert's own leaves neither headings nor tables.
    filters: { clean_html: 'recurlab_html.clean_html' },
  },
}

/** What is copied into `.venv` as it is, by where it belongs. */
const copies = () => [
  { from: inSetup('logo-svg.svg'), to: path.join(folder, 'logo-svg.svg') },
  ...['conf.json', 'index.html.j2'].map((name) => ({
    from: path.join(inSetup('nbconvert'), name),
    to: inRoot('.venv', 'share', 'jupyter', 'nbconvert', 'templates', 'recurlab', name),
  })),
  ...sitePackages().map((packages) => ({
    from: inRoot('lib', 'notebook', 'recurlab_html.py'),
    to: path.join(packages, 'recurlab_html.py'),
  })),
]

/** Where the Python of `.venv` finds modules. */
function sitePackages() {
  const lib = inRoot('.venv', 'lib')
  if (!existsSync(lib)) return []
  return readdirSync(lib).map((python) => path.join(lib, python, 'site-packages'))
}

/** Whether `.venv` knows the kernel, and how to export its notebooks, as they are now. */
export function kernelspecIsReady() {
  return (
    holds(file, kernelspec()) &&
    holds(settingsFile, exportSettings) &&
    copies().every(({ from, to }) => contentOf(to).equals(contentOf(from)))
  )
}

/** Registers the kernel `recurlab` in `.venv`, nowhere else, and how its notebooks are exported. */
export function registerKernel() {
  writeJson(file, kernelspec())
  writeJson(settingsFile, exportSettings)
  for (const { from, to } of copies()) {
    mkdirSync(path.dirname(to), { recursive: true })
    // Beside, then renamed: a program of Jupyter may be reading the old one.
    copyFileSync(from, `${to}.${process.pid}.tmp`)
    renameSync(`${to}.${process.pid}.tmp`, to)
  }
}

/**
 * @param {string} name
 * @param {object} value
 */
function holds(name, value) {
  return existsSync(name) && readFileSync(name, 'utf8') === `${JSON.stringify(value, null, 2)}\n`
}
