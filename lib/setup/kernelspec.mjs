import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import path from 'node:path'
import { inRoot, inSetup } from './paths.mjs'
import { contentOf, writeJson } from './stamp.mjs'

const folder = inRoot('.venv', 'share', 'jupyter', 'kernels', 'recurlab')
const file = path.join(folder, 'kernel.json')
/** The settings that every Jupyter program in `.venv` reads, nbconvert and JupyterLab's export among them. */
const settingsFile = inRoot('.venv', 'etc', 'jupyter', 'jupyter_config.json')

/** The kernelspec, with which Jupyter starts the notebook kernel on the Node that runs this set-up. */
export function kernelspec() {
  return {
    argv: [process.execPath, path.join(inRoot('lib', 'kernel'), 'recurlab-kernel.mjs'), '{connection_file}'],
    display_name: 'TypeScript (Recurlab)',
    language: 'typescript',
    interrupt_mode: 'message',
  }
}

/** Settings of nbconvert. Its pages load no external resources and run no scripts; see `nbconvert/index.html.j2`. */
const exportSettings = {
  HTMLExporter: {
    template_name: 'recurlab',
    sanitize_html: true,
    // nbconvert's own cleaning would keep neither headings nor tables.
    filters: { clean_html: 'recurlab_html.clean_html' },
  },
}

/** The files to copy into `.venv`, by their places there. */
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

/** Returns the folder where the Python of `.venv` finds modules. */
function sitePackages() {
  const lib = inRoot('.venv', 'lib')
  if (!existsSync(lib)) return []
  return readdirSync(lib).map((python) => path.join(lib, python, 'site-packages'))
}

/** Returns whether `.venv` has the present kernelspec and the present settings of the export. */
export function kernelspecIsReady() {
  return (
    holds(file, kernelspec()) &&
    holds(settingsFile, exportSettings) &&
    copies().every(({ from, to }) => contentOf(to).equals(contentOf(from)))
  )
}

/** Registers the notebook kernel `recurlab` in `.venv` and nowhere else, with the settings of the export. */
export function registerKernel() {
  writeJson(file, kernelspec())
  writeJson(settingsFile, exportSettings)
  for (const { from, to } of copies()) {
    mkdirSync(path.dirname(to), { recursive: true })
    // Written under another name and renamed, because a Jupyter program may be reading the old one.
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
