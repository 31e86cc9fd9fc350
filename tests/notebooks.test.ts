import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import * as library from '../lib/index.js'
import { type Notebook, sourceOf } from '../lib/notebook/notebook.js'
import { pairOf, planSync } from '../lib/notebook/percent/pair.js'
import { root } from './shared.js'

const folder = path.join(root, 'notebooks')
const names = readdirSync(folder).filter((name) => name.endsWith('.ipynb'))

for (const name of names)
  test(`${name} imports only what the library has, was run from top to bottom, and names nobody's folders`, () => {
    const text = readFileSync(path.join(folder, name), 'utf8')
    const { cells } = JSON.parse(text) as Notebook
    const code = cells.filter((cell) => cell.cell_type === 'code')
    const imported = code.flatMap((cell) =>
      [...sourceOf(cell).matchAll(/import \{([^}]*)\} from '\.\.\/lib'/g)].flatMap(([, list]) => list!.split(',')),
    )
    const values = imported.map((each) => each.trim()).filter((each) => each !== '' && !each.startsWith('type '))
    assert.ok(values.length > 0)
    assert.deepEqual(
      values.filter((value) => !(value in library)),
      [],
    )
    assert.deepEqual(
      code.map((cell) => cell.execution_count),
      code.map((_, i) => i + 1),
    )
    assert.ok(code.every((cell) => (cell.outputs ?? []).every((output) => output.output_type !== 'error')))
    assert.doesNotMatch(text, /"[^"]*\/(home|tmp|root|work)\//)
  })

for (const name of names)
  test(`${name} and its text have the same cells (npx recurlab notebooks sync)`, () => {
    const { writes } = planSync(pairOf(path.join(folder, name)), { committed: () => null })
    assert.equal(writes, null)
  })
