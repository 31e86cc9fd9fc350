import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import type { Cell, Notebook } from '../lib/notebook/notebook.js'
import { kaleidoFolder } from '../lib/plot/kaleido.js'
import { recurlab } from './recurlab.js'
import { root } from './shared.js'

const kernelspec = path.join(root, '.venv', 'share', 'jupyter', 'kernels', 'recurlab', 'kernel.json')
const skip = existsSync(kernelspec) ? false : 'there is no .venv with the kernel recurlab (npm run setup)'
const withoutKaleido = skip || (kaleidoFolder() === null ? 'kaleido is not installed (npm run setup)' : false)

const jupyter = path.join(root, '.venv', 'bin', 'jupyter')

const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-notebooks-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const cli = path.join(root, 'lib', 'cli', 'recurlab.mjs')
const fixture = (name: string): string => path.join(root, 'tests', 'fixtures', 'notebooks', `${name}.ipynb`)
const outOf = (name: string): string => path.join(folder, `${name}.ipynb`)

interface Run {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  readonly notebook: Notebook
}

async function run(name: string, ...options: string[]): Promise<Run> {
  const args = [cli, 'run', fixture(name), '--out', outOf(name), ...options]
  const [code, stdout, stderr] = await new Promise<[number, string, string]>((resolve) => {
    const child = execFile(process.execPath, args, { maxBuffer: 1 << 26 }, (_, out, err) =>
      resolve([child.exitCode ?? -1, out, err]),
    )
  })
  return {
    code,
    stdout,
    stderr,
    notebook: existsSync(outOf(name)) ? saved(name) : { nbformat: 0, nbformat_minor: 0, metadata: {}, cells: [] },
  }
}

function saved(name: string): Notebook {
  return JSON.parse(readFileSync(outOf(name), 'utf8')) as Notebook
}

function textOf(cell: Cell | undefined): string {
  return (cell?.outputs ?? []).flatMap((output) => output.text ?? []).join('')
}

test('everything that a notebook prints is in the terminal and in the saved notebook, in order', { skip }, async () => {
  const { code, stdout, notebook } = await run('output')
  assert.equal(code, 0)
  const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`).join('')
  assert.ok(stdout.includes(lines))
  assert.match(stdout, /── cell 2 of 5/)
  assert.equal(textOf(notebook.cells[2]), lines)
  assert.match(stdout, /\rstep 2 of 3\rstep 3 of 3/)
  assert.equal(textOf(notebook.cells[3]), 'step 3 of 3\n')
  const last = notebook.cells.slice(4).map(textOf).join('')
  assert.equal(last, 'printed later\n')
  assert.deepEqual(
    notebook.cells.slice(1).map((cell) => cell.execution_count),
    [1, 2, 3, 4, 5],
  )
  assert.deepEqual(
    notebook.cells.map((cell) => cell.metadata),
    Array(6).fill({}),
  )
})

test('half a character that a cell prints or is written in is saved as U+FFFD, in the notebook and the report', {
  skip,
}, async () => {
  const { code, stderr, notebook } = await run('half-a-character', '--report')
  assert.equal(code, 0, stderr)
  assert.equal(textOf(notebook.cells[1]), '\ufffd…\n')
  assert.match(String(notebook.cells[0]?.source), /\ufffd/)
  assert.match(readFileSync(outOf('half-a-character').replace('ipynb', 'html'), 'utf8'), /\ufffd…/)
})

test('a cell that fails is named, with its error; the notebook is saved with a banner; the exit code is 1', {
  skip,
}, async () => {
  const { code, stderr, notebook } = await run('error')
  assert.equal(code, 1)
  assert.match(stderr, /cell 2 \(function boom\(\): never \{\):\n[\s\S]*RangeError: too deep/)
  assert.doesNotMatch(stderr, /node_modules|internal error/)
  const types = notebook.cells.map((cell) => cell.cell_type)
  assert.deepEqual(types, ['code', 'markdown', 'code', 'code'])
  assert.equal(textOf(notebook.cells[2]), 'just before\n')
  assert.equal(notebook.cells[2]?.outputs?.at(-1)?.output_type, 'error')
  assert.deepEqual(notebook.cells[3]?.outputs, [])
})

test('a type error names line and column of the cell', { skip }, async () => {
  const { code, stderr } = await run('type-error')
  assert.equal(code, 1)
  assert.match(stderr, /line 2:32 - .*\n/)
  assert.match(stderr, /'fund' does not exist/)
})

test('parameters reach the cells, and an unknown one is refused before anything runs', { skip }, async () => {
  const { stdout, notebook } = await run('parameters', 'steps=5', 'sizes=[7,8]')
  assert.match(stdout, /^10 mlp 7\+8$/m)
  assert.deepEqual(notebook.cells[1]?.metadata.tags, ['injected-parameters'])
  const wrong = await run('parameters', 'stesp=5')
  assert.equal(wrong.code, 2)
  assert.match(wrong.stderr, /found stesp\. Did you mean steps\?/)
  assert.equal(wrong.stdout, '')
})

test('figures are plotly JSON and SVG in one output, and the report loads nothing from elsewhere', {
  skip: withoutKaleido,
}, async () => {
  const { code, stderr, notebook } = await run('figure', '--report')
  assert.equal(code, 0, stderr)
  const bundles = notebook.cells
    .flatMap((cell) => cell.outputs ?? [])
    .map((output) => Object.keys(output.data ?? {}).sort())
  const forms = ['application/pdf', 'application/vnd.plotly.v1+json', 'image/svg+xml', 'text/plain']
  assert.deepEqual(bundles.slice(0, 3), [forms, ['text/html', 'text/plain'], forms])
  assert.match(JSON.stringify(notebook.cells[2]), /Learning, update 6/)
  assert.ok(existsSync(path.join(folder, 'beside.arrow')))
  const page = readFileSync(outOf('figure').replace('.ipynb', '.html'), 'utf8')
  assert.match(page, /\.jp-RenderedSVG img \{ max-width: 100%/, 'a wide drawing is not cut off')
  assert.equal(page.match(/<img alt="Figure: [^"]*" src="data:image\/svg\+xml;base64,/g)?.length, 2)
  assert.match(page, /show<\/span>/)
  assert.match(page, /MLP &lt;b&gt;/)
  assert.doesNotMatch(page, /<script|<link[^>]+href="(https?:)?\/\//i)
})

test('nbconvert makes LaTeX of figures and pictures without any further program, every drawing a PDF beside it', {
  skip: withoutKaleido,
}, async () => {
  const { code, stderr, notebook } = await run('drawings')
  assert.equal(code, 0, stderr)
  const outputs = notebook.cells.flatMap((cell) => cell.outputs ?? [])
  const kinds = outputs.map(({ output_type, data }) => [
    output_type,
    Object.keys(data ?? {}).includes('application/pdf'),
  ])
  assert.deepEqual(kinds, [
    ['display_data', true],
    ['display_data', true],
    ['execute_result', true],
    ['execute_result', true],
  ])
  await promisify(execFile)(jupyter, ['nbconvert', '--to', 'latex', outOf('drawings')], { cwd: folder })
  const tex = readFileSync(path.join(folder, 'drawings.tex'), 'utf8')
  const drawn = [...tex.matchAll(/\{(drawings_files\/[^{}]+)\}/g)].map(([, name]) => name!)
  assert.equal(drawn.length, 4, tex.slice(-3000))
  for (const name of drawn) assert.equal(readFileSync(path.join(folder, name)).subarray(0, 5).toString(), '%PDF-', name)
})

test('a plain nbconvert of a notebook with figures and widgets writes a page without scripts', { skip }, async () => {
  const name = path.join(folder, 'plain.ipynb')
  const output = (data: Record<string, unknown>) => ({ output_type: 'display_data', metadata: {}, data })
  const view = { 'application/vnd.jupyter.widget-view+json': { version_major: 2, version_minor: 0, model_id: 'x' } }
  const outputs = [
    output({ 'application/vnd.plotly.v1+json': {}, 'image/svg+xml': '<svg id="curve"></svg>', 'text/plain': 'Figure' }),
    output({ ...view, 'text/html': '<i>lr = 0.01</i>', 'text/plain': 'slider' }),
  ]
  const cell = { cell_type: 'code', id: 'a', execution_count: 1, metadata: {}, source: '1', outputs }
  const metadata = { kernelspec: { name: 'recurlab', display_name: 'TypeScript (Recurlab)', language: 'typescript' } }
  writeFileSync(name, JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata, cells: [cell] }))
  await promisify(execFile)(jupyter, ['nbconvert', '--to', 'html', name], { cwd: folder })
  const page = readFileSync(name.replace('.ipynb', '.html'), 'utf8')
  assert.doesNotMatch(page, /<script|<link[^>]+href="(https?:)?\/\//i)
  assert.match(page, /<i>lr = 0\.01<\/i>/)
  assert.match(page, /src="data:image\/svg\+xml/)
})

test('a kernel that dies is told from a cell that fails', { skip }, async () => {
  const { code, stderr, notebook } = await run('dies')
  assert.equal(code, 1)
  assert.match(stderr, /cell 1 \(console\.log\('last words'\)\): the notebook kernel died/)
  assert.equal(textOf(notebook.cells[1]), 'last words\n')
})

test('a cell that takes too long is stopped, and said so', { skip }, async () => {
  const { code, stderr, notebook } = await run('slow', '--timeout', '8')
  assert.equal(code, 1)
  assert.match(stderr, /cell 1 .*took longer than 8 s/)
  assert.equal(textOf(notebook.cells[1]), 'working\n')
})

/** Runs a fixture, sends a signal when it has printed `when`, and says how it ended. */
async function stopped(
  name: string,
  when: string,
  signal: NodeJS.Signals,
): Promise<{ code: number | null; stderr: string; notebook: Notebook }> {
  rmSync(outOf(name), { force: true })
  const child = spawn(process.execPath, [cli, 'run', fixture(name), '--out', outOf(name)])
  let stdout = ''
  let stderr = ''
  let told = false
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  child.stdout.on('data', (chunk) => {
    stdout += chunk
    if (!told && stdout.includes(when)) told = child.kill(signal)
  })
  const [code] = await once(child, 'close')
  return { code, stderr, notebook: saved(name) }
}

for (const [signal, words] of [
  ['SIGINT', 'Ctrl-C'],
  ['SIGTERM', 'SIGTERM'],
  ['SIGHUP', 'SIGHUP'],
] as const)
  test(`${signal} stops the cell, saves the notebook as far as it got and exits with 75`, { skip }, async () => {
    const { code, stderr, notebook } = await stopped('slow', '\nworking', signal)
    assert.equal(code, 75)
    assert.match(stderr, new RegExp(`cell 1 .*stopped by ${words}\\.`))
    assert.equal(textOf(notebook.cells[1]), 'working\n')
  })

test('a notebook is saved after each cell: what had ended is there even after SIGKILL', { skip }, async () => {
  const { code, notebook } = await stopped('two-cells', '── cell 2 of 2', 'SIGKILL')
  assert.equal(code, null)
  assert.equal(textOf(notebook.cells[0]), 'first result\n')
  assert.deepEqual(notebook.cells[1]?.outputs, [], 'the output of an earlier run is not taken for one of this run')
})

test("other users cannot listen to what cells show: the kernel's sockets lie in a folder of the owner alone", {
  skip: skip || (root.length > 60 && 'the path of the project leaves no room for sockets'),
}, async () => {
  const child = spawn(process.execPath, [cli, 'run', fixture('connection'), '--out', outOf('connection')])
  let stdout = ''
  let during: string[] = []
  const file = (): string => /connection (\S+) end/.exec(stdout)?.[1] ?? ''
  const own = (): string[] =>
    readdirSync(path.dirname(file())).filter((name) => name.startsWith(path.basename(file(), '.json')))
  child.stdout.on('data', (chunk) => {
    stdout += chunk
    if (during.length > 0 || file() === '') return
    during = own()
    child.kill('SIGKILL')
  })
  await once(child, 'close')
  const name = path.basename(file(), '.json')
  assert.deepEqual(during.sort(), [...[1, 2, 3, 4, 5].map((n) => `${name}-ipc-${n}`), `${name}.json`])
  assert.equal(statSync(path.dirname(file())).mode & 0o077, 0)
  const left = (): boolean => own().length > 0
  for (let i = 0; i < 600 && left(); i++) await new Promise((resolve) => setTimeout(resolve, 100))
  assert.ok(!left(), 'nothing is left behind, even after SIGKILL')
})

test('a text is executed like a notebook; refresh gives the same bytes again, and a cell that fails changes nothing', {
  skip,
}, async () => {
  const stem = path.join(folder, `refreshed-${process.pid}`)
  const [ts, ipynb] = [`${stem}.ts`, `${stem}.ipynb`]
  after(() => rmSync(path.join(root, 'results', 'notebooks', path.basename(ipynb)), { force: true }))
  const text = '// %% [markdown]\n// # Title\n\n// %%\nlet a = 2\n\n// %%\nconsole.log(a)\na * 3\n'
  writeFileSync(ts, text)
  const { code, stdout, stderr } = await recurlab(['run', ts, '--out', ipynb])
  assert.deepEqual([code, stderr], [0, ''])
  assert.match(stdout, /^2$/m)
  const first = readFileSync(ipynb, 'utf8')
  assert.ok(first.endsWith('}\n') && !first.includes(folder))

  assert.match((await recurlab(['notebooks', 'refresh', ts])).stdout, /, the same outputs as before\n$/)
  assert.equal(readFileSync(ipynb, 'utf8'), first)
  const { cells } = JSON.parse(first) as Notebook
  assert.deepEqual(
    cells.map((cell) => [cell.execution_count, cell.outputs?.length]),
    [
      [undefined, undefined],
      [1, 0],
      [2, 2],
    ],
  )

  const mistyped = await recurlab(['notebooks', 'refresh', ts, `${stem}-2.ipynb`])
  assert.deepEqual([mistyped.code, mistyped.stdout], [1, ''], 'nothing is executed when a later notebook is missing')
  assert.match(mistyped.stderr, /-2\.ipynb: .*ENOENT/)

  writeFileSync(ts, `${text}\n// %%\nthrow new Error('too bad')\n`)
  const failed = await recurlab(['notebooks', 'refresh', ts])
  assert.equal(failed.code, 1)
  assert.match(failed.stderr, /cell 3 [\s\S]*too bad[\s\S]*\nThe notebook executed so far: .*\nUnchanged: /)
  const after1 = (JSON.parse(readFileSync(ipynb, 'utf8')) as Notebook).cells
  assert.deepEqual(after1.slice(0, 3), cells)
  assert.deepEqual(after1[3]?.outputs, [])
})

test('sync on the command line: --check writes nothing and exits with 1; in a new checkout the last commit counts', async () => {
  const project = path.join(folder, 'project')
  mkdirSync(project)
  const git = (...args: string[]) =>
    promisify(execFile)('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { cwd: project })
  writeFileSync(path.join(project, 'module.ts'), 'export const a = 1\n')
  writeFileSync(path.join(project, 'a.ts'), '// %%\n1 + 1\n\n// %%\n2 + 2\n')
  const sync = (...args: string[]) => recurlab(['notebooks', 'sync', ...args], { cwd: project })
  const check = await sync('.', '--check')
  assert.deepEqual(
    [check.code, check.stdout, existsSync(path.join(project, 'a.ipynb'))],
    [1, 'a.ipynb: would be created from a.ts\n', false],
  )
  assert.equal((await sync('.')).stdout, 'a.ipynb: created from a.ts\n')
  assert.deepEqual([(await sync('a.ts', 'a.ipynb', '--check')).code, readdirSync(project).length], [0, 3])

  await git('init', '-q')
  await git('add', '.')
  await git('commit', '-qm', 'a')
  const clone = path.join(folder, 'clone')
  await git('clone', '-q', project, clone)
  writeFileSync(path.join(clone, 'a.ts'), '// %%\n1 + 1\n\n// %%\n2 + 3\n')
  const cloned = await recurlab(['notebooks', 'sync', 'a.ipynb'], { cwd: clone, env: { GIT_DIR: 'elsewhere' } })
  assert.equal(cloned.stdout, 'a.ipynb: updated from a.ts; 1 new or changed cell has no outputs\n')
  const wrong = await sync('a.ts', '--from', 'python')
  assert.deepEqual([wrong.code, wrong.stdout], [2, ''])
  assert.match(wrong.stderr, /expected --from ipynb or --from ts, found python/)
})
