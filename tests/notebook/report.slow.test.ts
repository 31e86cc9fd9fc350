import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import type { Notebook } from '../../lib/notebook/notebook.js'
import { writeReport } from '../../lib/notebook/report.js'
import { root } from '../shared.js'

const kernelspec = path.join(root, '.venv', 'share', 'jupyter', 'kernels', 'recurlab', 'kernel.json')
const skip = existsSync(kernelspec) ? false : 'there is no .venv with the kernel recurlab (npm run setup)'
const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)
const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-report-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const run = "document.body.append('RAN-' + 'X')"
/** Hostile content of somebody else's Markdown cell or output. */
const HOSTILE = [
  `<script>${run}</script>`,
  `<img src="x" onerror="${run}">`,
  `<svg onload="${run}"><script>${run}</script></svg>`,
  `<details open ontoggle="${run}"><summary>more</summary>text</details>`,
  `<iframe srcdoc="<script>parent.${run}</script>"></iframe>`,
  `<a href="javascript:${run}">a link</a>`,
  '<meta http-equiv="refresh" content="0; url=http://127.0.0.1:9/">',
  '<base href="http://127.0.0.1:9/"><link rel="stylesheet" href="http://127.0.0.1:9/a.css">',
  '<style>@import "http://127.0.0.1:9/b.css";</style>',
  '<form action="http://127.0.0.1:9/"><button>send</button></form>',
  '<object data="http://127.0.0.1:9/"></object><embed src="http://127.0.0.1:9/">',
  '<img src="http://127.0.0.1:9/c.png">',
].join('\n\n')

/** Markdown that people write and this library shows. */
const HARMLESS = [
  '# A heading',
  'Words with *emphasis*, `code`, a [link](https://example.org) and H<sub>2</sub>O.',
  '| a | b |\n|---|--:|\n| 1 | 2 |',
  '- one\n- two',
  '```ts\nconst a = 1\n```',
  '> quoted',
].join('\n\n')

const TABLE =
  '<table>\n<thead><tr><th style="text-align: right">lr</th></tr></thead>\n<tbody>\n<tr><td style="text-align: right">1</td></tr>\n</tbody>\n</table>'
const PANEL =
  '<div style="display: flex; gap: 8px; align-items: center"><span style="border: 1px solid; border-radius: 4px; position: relative; left: 3px">lr</span></div>'

function notebook(markdown: string, html: string): Notebook {
  const output = {
    output_type: 'display_data' as const,
    metadata: {},
    data: { 'text/html': html, 'text/plain': 'table' },
  }
  return {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {
      kernelspec: { name: 'recurlab', display_name: 'TypeScript (Recurlab)', language: 'typescript' },
      language_info: { name: 'typescript' },
    },
    cells: [
      { cell_type: 'markdown', id: 'm', metadata: {}, source: markdown },
      { cell_type: 'code', id: 'c', metadata: {}, source: '1', execution_count: 1, outputs: [output] },
    ],
  }
}

/** The page as the project's own report, and as a plain nbconvert of `.venv` writes it. */
async function pages(name: string, content: Notebook): Promise<string[]> {
  const [report, plain] = [path.join(folder, `${name}-report.html`), path.join(folder, `${name}.ipynb`)]
  await writeReport(report, content)
  writeFileSync(plain, JSON.stringify(content))
  const jupyter = path.join(root, '.venv', 'bin', 'jupyter')
  await promisify(execFile)(jupyter, ['nbconvert', '--to', 'html', plain], { cwd: folder })
  return [report, plain.replace('.ipynb', '.html')]
}

test('what a notebook of somebody else brings does not run and loads nothing', { skip, timeout: 300_000 }, async () => {
  for (const file of await pages('hostile', notebook(HOSTILE, HOSTILE))) {
    const page = readFileSync(file, 'utf8')
    assert.match(
      page,
      /<head>\s*<meta (?=[^>]*http-equiv="Content-Security-Policy")[^>]*content="default-src 'none'; img-src data:;/,
    )
    const body = page.slice(page.indexOf('<body'))
    assert.doesNotMatch(
      body,
      /<script|<iframe|<meta|<base|<link|<form|<object|<embed|<svg|\son\w+=|javascript:|127\.0\.0\.1/i,
    )
    assert.match(body, /<details open="">|<details open>/)
    if (!chromium) continue
    const options = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--dump-dom']
    const { stdout } = await promisify(execFile)(chromium, [...options, `file://${file}`], { maxBuffer: 1 << 26 })
    assert.match(stdout, /jp-MarkdownCell/)
    assert.doesNotMatch(stdout, /RAN-X/)
  }
})

test('headings, tables, lists, code and panels of widgets stay as they are', { skip, timeout: 300_000 }, async () => {
  for (const file of await pages('harmless', notebook(HARMLESS, `${TABLE}${PANEL}`))) {
    const page = readFileSync(file, 'utf8')
    for (const part of [
      /<h1[^>]*>A heading/,
      /<em>emphasis<\/em>/,
      /<code>code<\/code>/,
      /<a href="https:\/\/example\.org"/,
      /H<sub>2<\/sub>O/,
      /<th>a<\/th>/,
      /<td style="text-align: ?right;?">2<\/td>/,
      /<li>one<\/li>/,
      /<blockquote>/,
      /<span class="k\w*">const<\/span>/,
      /<th style="text-align: right;?">lr<\/th>/,
      /<div style="display: flex; gap: 8px; align-items: center;?"><span style="border: 1px solid; border-radius: 4px; position: relative; left: 3px;?">/,
    ])
      assert.match(page, part)
  }
})
