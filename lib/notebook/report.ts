import { spawn } from 'node:child_process'
import path from 'node:path'
import { UserError } from '../errors.js'
import { writeFileAtomic } from '../files/atomic.js'
import { wellFormedJson } from '../files/json-text.js'
import { projectFolder } from '../files/places.js'
import { withPlayerScript } from '../plot/player/page.js'
import { ISOLATED, jupyterEnvironment, projectPython } from './environment.js'
import type { Notebook } from './notebook.js'
import { withWidgetPictures } from './widgets/saved.js'

/**
 * Writes a notebook as one HTML page with code, outputs, figures as SVG and widgets in their last state; the page loads no
 * external resources, and its policy allows no script but that of a player of `look`.
 *
 * @throws UserError if nbconvert fails.
 */
export async function writeReport(file: string, notebook: Notebook): Promise<void> {
  const shown = withWidgetPictures(notebook)
  const page = await convert({ ...shown, metadata: { ...shown.metadata, title: titleOf(file) } })
  writeFileAtomic(file, withPlayerScript(withoutScripts(page)))
}

function titleOf(file: string): string {
  return path.basename(file, '.html')
}

/** Exit code of report.py for a notebook that is not one by nbformat's schema. */
const INVALID = 3

function convert(notebook: Notebook): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(projectPython(), [...ISOLATED, path.join(projectFolder, 'lib', 'notebook', 'report.py')], {
      env: jupyterEnvironment(),
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const page: Buffer[] = []
    let log = ''
    child.stdout.on('data', (chunk: Buffer) => page.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => {
      log = `${log}${chunk}`.slice(-2000)
    })
    const fail = (reason: string): void =>
      reject(new UserError({ where: 'nbconvert', expected: 'an HTML page', found: reason, todo: 'Run npm run setup.' }))
    child.on('error', (error) => fail(error.message))
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(page).toString('utf8'))
      else if (code === INVALID)
        reject(new UserError({ where: 'the notebook', expected: 'one that nbformat accepts', found: log.trim() }))
      else fail(log.trim().split('\n').at(-1) ?? `exit code ${code}`)
    })
    // A child that has ended already is reported by its exit code.
    child.stdin.on('error', () => {})
    child.stdin.end(wellFormedJson(notebook))
  })
}

/**
 * Removes the external resources of nbconvert's page: MathJax, RequireJS and Mermaid. The notebook's own content is
 * sanitised before, and the page's policy forbids scripts, so that a page opened from a mail runs none.
 */
export function withoutScripts(page: string): string {
  return page
    .replace(/<script\b[^>]*>[\s\S]*?<\/script\s*>/gi, '')
    .replace(/<link\b[^>]*\bhref="(https?:)?\/\/[^>]*>/gi, '')
}
