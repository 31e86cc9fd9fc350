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

/** Parameters that make a notebook of 6×6 Sudokus short. */
const SIX = ['trainSteps=2', 'evalEvery=2', 'seeds=[0]', 'trainPuzzles=40', 'testPuzzles=20']

/** Parameters that make a notebook short. readme.slow.test.ts runs the first notebook, by `npm start`. */
const SHORT: Readonly<Record<string, readonly string[]>> = {
  '00-tour': ['trainSteps=2', 'evalEvery=2', 'seeds=[0]'],
  '02-layer-count': SIX,
  '03-recursion': SIX,
  '04-latents': SIX,
  '05-trm-by-hand': ['trainSteps=2', 'evalEvery=2'],
  '06-networks-and-gradient': SIX,
  '07-halting': [...SIX, 'haltingSteps=10'],
  '08-ema': SIX,
  '09-side-by-side': [...SIX, 'mazeSteps=2', 'arcSteps=2', 'trainTasks=2', 'testTasks=3'],
  '10-arc': ['trainSteps=2', 'evalEvery=2', 'seeds=[0]', 'trainTasks=4', 'testTasks=4', 'many=10'],
  '11-thinking-longer': ['puzzles=6', 'depth=2', 'longest=2', 'rollouts=2', 'sigmas=[0.3]'],
  '12-inside-the-recursion': ['puzzles=12', 'depth=10', 'probed=4', 'grid=6'],
  '13-data': ['puzzles=10', 'mazes=4', 'tasks=6'],
  '14-panel': ['trainSteps=2', 'evalEvery=2'],
  '15-paper': [],
}
const FIRST = '01-mlp-vs-attention.ipynb'

const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-notebooks-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const files = readdirSync(path.join(root, 'notebooks')).filter((name) => name.endsWith('.ipynb') && name !== FIRST)
for (const file of files) {
  const name = path.basename(file, '.ipynb')
  test(`${file} runs from top to bottom without a browser`, { skip }, async () => {
    const parameters = SHORT[name]
    assert.ok(parameters, `say in SHORT how ${file} is made short`)
    const out = path.join(folder, file)
    const { code, stdout, stderr } = await recurlab(['run', `notebooks/${file}`, ...parameters, '--out', out])
    assert.equal(code, 0, `${stdout.slice(-2000)}\n${stderr}`)
    const { cells } = JSON.parse(readFileSync(out, 'utf8')) as Notebook
    assert.deepEqual(
      cells.flatMap((cell) => cell.outputs ?? []).filter((output) => output.output_type === 'error'),
      [],
    )
  })
}
