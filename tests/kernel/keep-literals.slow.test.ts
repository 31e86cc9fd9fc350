import assert from 'node:assert/strict'
import path from 'node:path'
import { before, test } from 'node:test'
import { makeNotebook, type Notebook, root } from './compiler-folder.js'

let notebook: Notebook
before(() => {
  notebook = makeNotebook(path.join(root, 'notebooks'))
  const first = `import { maze, sudoku, sweep, train } from '../lib'
const data = await sudoku({ box: [2, 2] })
const base = { model: 'trm', hidden: 64 }`
  assert.deepEqual(notebook.complaints(first), [])
})

/** All lines of a refused cell. */
function refused(code: string): readonly string[] {
  const { failure } = notebook.calls.cell({ id: 0, code, typeErrors: 'error' })
  assert.ok(failure, code)
  return failure.traceback.join('\n').split('\n')
}

const WIDENED = /^TypeScript widened the type of (\w+) when it was declared\. Write (.*)\.$/

test('where a constant has lost its literals, an error says what to write', () => {
  for (const [code, name, advice] of [
    [
      'await sweep(base, { mixer: ["mlp"] }, data)',
      'base',
      '`const base = { … } as const`, or `const base: ConfigInput = { … }`',
    ],
    ['await train({ ...base, lr: 1 }, data)', 'base', '`const base = { … } as const`'],
    ['const grid = { mixer: ["mlp"] }; await sweep({}, grid, data)', 'grid', '`const grid = { … } as const`'],
    [
      'const how = { box: [2, 2] }; await sudoku(how)',
      'how',
      '`const how = { … } as const`, or `const how: SudokuOptions = { … }`',
    ],
    ['const walls = [0.1, 0.2]; await maze({ walls })', 'walls', '`const walls = [ … ] as const`'],
    ['let mixer = "mlp"; await train({ mixer }, data)', 'mixer', '`const mixer = …`, or give it its type'],
    [
      'const c: { a: 1 | 2 } = { ...{ b: 1 } , a: 1 }; const d = { a: 1 }; const e: typeof c = d',
      'd',
      '`const d = { … } as const`',
    ],
  ] as const) {
    const lines = refused(code)
    const found = WIDENED.exec(lines.at(-1) ?? '')
    assert.deepEqual([found?.[1], found?.[2]], [name, advice], lines.join('\n'))
  }
})

test('what it says is right: with as const the same calls have no errors', () => {
  const code = `const fixed = { model: 'trm', box: [2, 2] } as const
const range = { walls: [0.1, 0.2] } as const
const [a, b] = [{ mixer: ['mlp', 'attention'] } as const, [{ mixer: ['mlp'] }, { seed: [0, 1] }] as const]
if (Math.random() > 2) {
  await sudoku({ box: fixed.box })
  await maze(range)
  await sweep({ model: fixed.model }, a, data)
  await sweep({ model: fixed.model }, b, data)
}`
  assert.deepEqual(notebook.complaints(code), [])
})

test('other errors are not said to be that, and an error of an overload names the key alone', () => {
  for (const code of [
    'const n = { hidden: "3" }; await train(n, data)',
    'const n = { mixer: "xyz" } as const; await train(n, data)',
    'const n: string = 1',
    'await train({ mixer: "xyz" }, data)',
    'const f = (mode: "a" | "b") => mode; const g = (x: string) => f(x)',
  ])
    assert.ok(!refused(code).some((line) => WIDENED.test(line)), code)
  assert.match(
    refused('await train({ mixer: "xyz" }, data)')[1] ?? '',
    /^line 1:15 - Type '"xyz"' is not assignable to type '"mlp" \| /,
  )
  assert.match(
    refused('const n = { hidden: "3" }; await train(n, data)')[1] ?? '',
    /^line 1:40 - Types of property 'hidden' are incompatible\./,
  )
})
