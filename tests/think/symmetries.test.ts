import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Dataset } from '../../lib/data/dataset.js'
import { registerDefinition } from '../../lib/tasks/define/define.js'
import { maze } from '../../lib/tasks/maze/index.js'
import { queens } from '../../lib/tasks/queens/index.js'
import { judgeOf } from '../../lib/tasks/registry.js'
import { sudoku } from '../../lib/tasks/sudoku/index.js'
import { posedPuzzles, rowMaker, turnBack } from '../../lib/think/rows.js'
import { rolloutSettings } from '../../lib/think/settings.js'

const latin = registerDefinition({
  name: 'latin-of-rollouts',
  vocabulary: ['.', 'a', 'b', 'c'],
  rows: 3,
  columns: 3,
  examples: [
    { question: 'a...c...b', answer: 'abcbcacab' },
    { question: 'c..a.....', answer: 'cabacbbac' },
    { question: 'b........', answer: 'bcaabccab' },
  ],
  symmetries: [
    function transpose(cells) {
      return cells.map((_, i) => cells[(i % 3) * 3 + Math.floor(i / 3)]!)
    },
    function rename(cells, random) {
      const names = ['.', ...random.shuffle(['a', 'b', 'c'])]
      return cells.map((cell) => names['.abc'.indexOf(cell)]!)
    },
  ],
})

const DATA: Readonly<Record<string, () => Promise<Dataset>>> = {
  'a 4×4 Sudoku': () => sudoku({ box: '2x2', clues: 6, train: 1, test: 4, seed: 0 }),
  'a 6×6 Sudoku': () => sudoku({ box: '2x3', clues: 14, train: 1, test: 4, seed: 0 }),
  'a maze': () => maze({ size: 6, train: 1, test: 4, seed: 0 }),
  'a board of queens': () => queens({ size: 6, train: 4, test: 4, seed: 0 }),
  'a task of a cell': () => latin.builder!.build({ train: 1, test: 2 }),
}

for (const [what, load] of Object.entries(DATA))
  test(`the answer to ${what} relabelled or turned is the puzzle's answer when it is turned back`, async () => {
    const data = await load()
    const pose = rowMaker(data, rolloutSettings({ relabel: true, rollouts: 12 }), {})
    const judge = judgeOf(data.manifest)
    let moved = 0
    for (const posed of posedPuzzles(data, {}))
      for (let rollout = 0; rollout < 12; rollout++) {
        const { inputs, symmetry } = pose(posed, rollout)
        if (rollout === 0) assert.deepEqual(inputs, posed.batch.inputs)
        const { cells, tokens } = symmetry ?? { cells: null, tokens: null }
        const there = posed.batch.labels.map((_, i) =>
          cells ? tokens[posed.batch.labels[cells[i]!]!]! : posed.batch.labels[i]!,
        )
        const back = new Uint8Array(there.length)
        turnBack(symmetry, there, back)
        assert.deepEqual([...back], [...posed.batch.labels])
        const question = new Uint8Array(there.length)
        turnBack(symmetry, inputs, question)
        assert.deepEqual([...question], [...posed.batch.inputs])
        // The symmetry keeps the rules: the turned answer solves the turned question.
        if (judge) assert.equal(judge(inputs, there).valid, true)
        if (inputs.some((token, cell) => token !== posed.batch.inputs[cell])) moved++
      }
    assert.ok(moved > 10)
  })

test('the eight turned and mirrored versions of a maze come one after the other, the plain one first', async () => {
  const data = await maze({ size: 6, train: 1, test: 3, seed: 0 })
  const pose = rowMaker(data, rolloutSettings({ relabel: true, seed: 4 }), {})
  for (const posed of posedPuzzles(data, {})) {
    const symmetries = Array.from({ length: 8 }, (_, rollout) => pose(posed, rollout).symmetry)
    assert.equal(symmetries[0], null)
    assert.equal(new Set(symmetries.map((symmetry) => symmetry && Array.from(symmetry.cells).join())).size, 8)
    assert.equal(pose(posed, 8).symmetry, null)
  }
})
