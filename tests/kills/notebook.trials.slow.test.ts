import assert from 'node:assert/strict'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { readNotebook } from '../../lib/notebook/notebook.js'
import { trials } from '../trials.js'
import { type CommandOptions, command, kill, nothingLeft, temporaryFolder } from './victim.js'

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

let whole: Promise<unknown[]> | null = null

/** Runs the notebook in a folder; returns how that ended. */
async function run(folder: string, options: CommandOptions = {}): ReturnType<typeof command> {
  mkdirSync(folder, { recursive: true })
  const file = path.join(folder, 'notebook.ipynb')
  writeFileSync(file, JSON.stringify(notebook))
  return command(folder, ['run', file, '--out', outOf(folder)], options)
}

const outOf = (folder: string): string => path.join(folder, 'out', 'executed.ipynb')
const outputsOf = (folder: string): unknown[] => readNotebook(outOf(folder)).cells.map(({ outputs }) => outputs)

async function ranAtOnce(): Promise<unknown[]> {
  const folder = temporaryFolder()
  const { code, stderr } = await run(folder)
  assert.equal(code, 0, stderr)
  return outputsOf(folder)
}

test(
  ...trials(
    'a notebook run that is killed has the outputs of the cells that were done, leaves no kernel, and runs again',
    // Killed at file operations, and some time after a cell has begun.
    { cases: Array.from({ length: 20 }, (_, i) => i), sample: 1 },
    async (index, { random }) => {
      whole ??= ranAtOnce()
      const outputs = await whole
      assert.equal(outputs.length, CELLS)
      const folder = temporaryFolder()
      const last = 1 + ((index >> 1) % CELLS)
      let told = false
      const afterCell: CommandOptions = {
        watch(stdout, end) {
          if (told || !stdout.includes(`── cell ${last} of`)) return
          told = true
          setTimeout(() => end('SIGKILL'), random.int(150))
        },
      }
      // The first operations make the folder; six or so write the notebook after each cell.
      const atOperation: CommandOptions = { kills: [kill(folder, { operation: 2 + random.int(28) })] }
      const { stdout } = await run(folder, index % 2 === 0 ? afterCell : atOperation)
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
