import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import type { Notebook } from '../lib/notebook/notebook.js'
import { recurlab } from './recurlab.js'
import { root } from './shared.js'

const skip = existsSync(path.join(root, '.venv', 'share', 'jupyter', 'kernels', 'recurlab', 'kernel.json'))
  ? false
  : 'there is no .venv with the kernel recurlab (npm run setup)'

/** What makes each notebook short, and the only message it may then end with. */
const SHORT: Readonly<Record<string, { readonly parameters: readonly string[]; readonly ends?: RegExp }>> = {
  '01-mlp-vs-attention': {
    parameters: ['trainSteps=2', 'evalEvery=2', 'seeds=[0]'],
    ends: /The MLP is not 30 points above self-attention on seed 0/,
  },
  '02-layer-count': { parameters: ['trainSteps=2', 'evalEvery=2', 'seeds=[0]', 'T=1'] },
  '03-data': { parameters: ['puzzles=10', 'mazes=4', 'tasks=6'] },
  '04-by-hand': { parameters: ['trainSteps=2', 'evalEvery=2'] },
  '05-trm-by-hand': { parameters: ['trainSteps=2', 'evalEvery=2'] },
}

const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-notebooks-'))
after(() => rmSync(folder, { recursive: true, force: true }))

for (const file of readdirSync(path.join(root, 'notebooks')).filter((name) => name.endsWith('.ipynb'))) {
  const name = path.basename(file, '.ipynb')
  test(`${file} runs from top to bottom without a browser`, { skip }, async () => {
    const short = SHORT[name]
    assert.ok(short, `say in SHORT how ${file} is made short`)
    const out = path.join(folder, file)
    const { code, stdout, stderr } = await recurlab(['run', `notebooks/${file}`, ...short.parameters, '--out', out])
    if (short.ends) assert.match(stdout + stderr, short.ends)
    else assert.equal(code, 0, `${stdout.slice(-2000)}\n${stderr}`)
    const { cells } = JSON.parse(readFileSync(out, 'utf8')) as Notebook
    const failed = cells.filter((cell) => cell.outputs?.some((output) => output.output_type === 'error'))
    assert.equal(failed.length, short.ends ? 1 : 0)
  })
}
