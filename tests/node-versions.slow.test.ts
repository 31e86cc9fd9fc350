import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { NODE_LINES } from '../lib/setup/node-versions.mjs'
import { resultOf, startKernel } from './kernel-client.js'
import { root } from './shared.js'

const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-node-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const python = path.join(root, '.venv', 'bin', 'python')

/** The program of one version of Node, from the npm package `node`; or why it cannot be had. */
function fetchNode(version: string): { readonly node: string } | { readonly missing: string } {
  const place = path.join(root, '.recurlab', 'cache', 'node', version)
  const node = path.join(place, 'node_modules', 'node', 'bin', 'node')
  if (existsSync(node)) return { node }
  const work = `${place}.${process.pid}`
  mkdirSync(work, { recursive: true })
  // The package's script takes the program for this platform out of another package.
  const options = ['--silent', '--no-audit', '--no-fund', '--ignore-scripts=false', '--prefix', work]
  const { status, stderr, error } = spawnSync('npm', ['install', ...options, `node@${version}`], {
    encoding: 'utf8',
    timeout: 300_000,
  })
  try {
    if (status === 0 && existsSync(path.join(work, 'node_modules', 'node', 'bin', 'node'))) renameSync(work, place)
    if (existsSync(node)) return { node }
    const reason = error?.message ?? stderr.trim().split('\n').at(-1)
    return { missing: `npm does not bring node@${version}: ${reason || `exit code ${status}`}` }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** Runs a program of the project with a version of Node. */
async function run(node: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const options = { cwd: root, env: { ...process.env, ...env }, encoding: 'utf8', timeout: 300_000 } as const
  const { stdout } = await promisify(execFile)(node, args, options)
  return stdout
}

/** Where Jupyter finds a kernel of this version before the one that set-up has made. */
function kernelOf(node: string, version: string): string {
  const share = path.join(folder, version)
  const place = path.join(share, 'kernels', 'recurlab')
  mkdirSync(place, { recursive: true })
  const argv = [node, path.join(root, 'lib', 'kernel', 'recurlab-kernel.mjs'), '{connection_file}']
  const spec = { argv, display_name: 'test', language: 'typescript', interrupt_mode: 'message' }
  writeFileSync(path.join(place, 'kernel.json'), JSON.stringify(spec))
  return share
}

function notebook(...cells: readonly string[]): string {
  const file = path.join(mkdtempSync(path.join(folder, 'notebook-')), 'a.ipynb')
  const code = (source: string, i: number) => ({
    cell_type: 'code',
    id: `cell-${i}`,
    metadata: {},
    source,
    outputs: [],
    execution_count: null,
  })
  const kernelspec = { name: 'recurlab', display_name: 'TypeScript (Recurlab)', language: 'typescript' }
  writeFileSync(
    file,
    JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: { kernelspec }, cells: cells.map(code) }),
  )
  return file
}

const lib = path.join(root, 'lib', 'index.js')
const tiny = [
  'hidden=16',
  'heads=2',
  'batch=8',
  'T=1',
  'n=1',
  'K=2',
  'trainPuzzles=20',
  'testPuzzles=8',
  'trainSteps=3',
]
const cli = path.join(root, 'lib', 'cli', 'recurlab.mjs')

/** The Node that runs this test runs all the others too. */
const others = NODE_LINES.filter(({ seen }) => `v${seen}` !== process.version)

for (const { seen } of others) {
  const fetched = fetchNode(seen)
  const skip = 'missing' in fetched ? fetched.missing : false
  const node = 'node' in fetched ? fetched.node : ''
  describe(`on Node ${seen}`, { skip }, () => {
    test('set-up accepts this Node and finds its packages', async () => {
      const rows: { name: string; ok: boolean; found: string }[] = JSON.parse(
        await run(node, [path.join(root, 'lib', 'setup', 'main.mjs'), 'status']),
      )
      const row = (name: string) => rows.find((one) => one.name === name)
      assert.equal(row('node')?.found, `Node ${seen}, ${process.platform} ${process.arch}`)
      assert.equal(row('npm packages')?.ok, true)
    })

    test('a model is trained', async () => {
      const out = path.join(folder, `results-${seen}`)
      const stdout = await run(node, [cli, 'train', 'sudoku-pocket', ...tiny, `out=${out}`])
      assert.match(stdout, /^finished$/m)
    })

    test('a notebook runs, with lib and top-level await', {
      skip: existsSync(python) ? false : 'there is no .venv (npm run setup)',
    }, async () => {
      const file = notebook(
        `import { Random } from '${lib}'\nconst version = await Promise.resolve(process.version)`,
        `console.log(version, typeof Random)`,
      )
      const out = path.join(path.dirname(file), 'out.ipynb')
      const stdout = await run(node, [cli, 'run', file, '--out', out], { JUPYTER_PATH: kernelOf(node, seen) })
      assert.match(stdout, new RegExp(`^v${seen} function$`, 'm'))
    })

    test('a busy cell and one that waits are stopped, and names stay', async () => {
      const kernel = await startKernel({ node })
      try {
        assert.equal(resultOf(await kernel.execute('let kept = 7; process.version')), `'v${seen}'`)
        for (const forever of ['for (;;) {}', 'await new Promise(() => {})', 'for (;;) await null']) {
          const id = kernel.send('execute', { code: `console.log('on ' + ++kept); ${forever}` })
          await kernel.seen(({ parent, content }) => parent.msg_id === id && /^on/.test(String(content.text)))
          await kernel.ask('interrupt', {}, 'control')
          assert.equal((await kernel.answer(id)).reply.ename, 'Interrupted')
        }
        assert.equal(resultOf(await kernel.execute('kept')), '10')
      } finally {
        await kernel.close()
      }
    })
  })
}
