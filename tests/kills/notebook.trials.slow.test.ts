import assert from 'node:assert/strict'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { readNotebook } from '../../lib/notebook/notebook.js'
import { trials } from '../trials.js'
import { command, kill, nothingLeft, temporaryFolder } from './victim.js'

const CELLS = 4
const code = (n: number): object => ({
  ...{ cell_type: 'code', id: `cell-${n}`, metadata: {}, outputs: [], execution_count: null },
  source: `console.log('result ${n}')\nawait new Promise((resolve) => setTimeout(resolve, 150))\n${n} * ${n}`,
})
const notebook = {
  cells: Array.from({ length: CELLS }, (_, i) => code(i + 1)),
  metadata: { kernelspec: { name: 'recurlab', display_name: 'Recurlab', language: 'typescript' } },
  nbformat: 4,
  nbformat_minor: 5,
}

let whole: Promise<{ seconds: number; outputs: unknown[] }> | null = null

/** Runs the notebook in a folder; returns how that ended. */
async function run(folder: string, kills: Parameters<typeof command>[2] = {}): ReturnType<typeof command> {
  mkdirSync(folder, { recursive: true })
  const file = path.join(folder, 'notebook.ipynb')
  writeFileSync(file, JSON.stringify(notebook))
  return command(folder, ['run', file, '--out', outOf(folder)], kills)
}

const outOf = (folder: string): string => path.join(folder, 'out', 'executed.ipynb')
const outputsOf = (folder: string): unknown[] => readNotebook(outOf(folder)).cells.map(({ outputs }) => outputs)

async function ranAtOnce(): Promise<{ seconds: number; outputs: unknown[] }> {
  const folder = temporaryFolder()
  const { code, stderr, seconds } = await run(folder)
  assert.equal(code, 0, stderr)
  return { seconds, outputs: outputsOf(folder) }
}

test(
  ...trials(
    'a notebook run that is killed has the outputs of the cells that were done, leaves no kernel, and runs again',
    { cases: Array.from({ length: 20 }, (_, i) => (0.618034 * i) % 1), sample: 1 },
    async (share, { index }) => {
      whole ??= ranAtOnce()
      const { seconds, outputs } = await whole
      assert.equal(outputs.length, CELLS)
      const folder = temporaryFolder()
      // The first operations make the folder; six or so write the notebook after each cell.
      const moment =
        index % 2 === 0 ? { operation: 2 + Math.floor(30 * share) } : { ms: 1 + Math.round(1000 * seconds * share) }
      const { stdout } = await run(folder, { kills: [kill(folder, moment)] })
      const begun = [...stdout.matchAll(/── cell (\d+) of/g)].length
      if (begun > 1 || existsSync(outOf(folder))) {
        const saved = outputsOf(folder)
        const done = saved.findIndex((cell) => (cell as unknown[]).length === 0)
        assert.ok((done === -1 ? CELLS : done) >= begun - 1, `${done} cells saved, ${begun} begun`)
        for (const [i, cell] of saved.entries()) if ((cell as unknown[]).length > 0) assert.deepEqual(cell, outputs[i])
      }
      await nothingLeft(folder)
      const { code, stderr } = await run(folder)
      assert.equal(code, 0, stderr)
      assert.deepEqual(outputsOf(folder), outputs)
    },
  ),
)
